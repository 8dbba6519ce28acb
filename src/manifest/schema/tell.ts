import { didYouMean, suggest } from '../../expr/suggest.ts';
import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import type { Problem } from '../../graph/problem.ts';
import { unserved, type Place } from '../unserved.ts';
import { isFieldRule, typesOf } from './choose-branch.ts';
import { describeFound, describeTypes, listText, oneOfText } from './describe.ts';
import {
  descriptionOf,
  parentSchemaOf,
  pathOf,
  propertiesOf,
  type SchemaError,
} from './schema-error.ts';
import { DURATION_PATTERN } from './schema-text.ts';
import { formOf } from './value-form.ts';

type Told = Omit<Problem, 'path' | 'severity'> & { readonly field?: string };

/** One ajv error as a problem that says what was expected, what was found and what helps. */
export function tell(error: SchemaError, root: unknown): Problem {
  const { field, ...told } = tellRule(error);
  const path = pathOf(error.instancePath, root);
  return { severity: 'error', path: field === undefined ? path : [...path, field], ...told };
}

function tellRule(error: SchemaError): Told {
  switch (error.keyword) {
    case 'additionalProperties':
      return unknownField(error, String(error.params['additionalProperty']));
    case 'required':
      return missingField(error, String(error.params['missingProperty']));
    case 'type':
      return wrongType(error, [error.params['type']].flat().map(String));
    case 'enum':
    case 'const':
      return wrongValue(error);
    case 'anyOf':
    case 'oneOf':
      return noBranch(error);
    case 'not':
      return conflict(error);
    case 'dependentRequired':
      return dependent(error);
    case '$ref':
      return tooCostly(error);
    default:
      return formOf(error);
  }
}

function tooCostly({ message = '' }: SchemaError): Told {
  const hint = 'Let no schema refer to itself from several places; or send less data.';
  return { code: 'bad-input', message: `Checking the input ${message}.`, hint };
}

/** Which object of the language has these fields. */
function placeOf(schema: JsonObject): Place | null {
  const fields = propertiesOf(schema);
  if ('forEach' in fields) return 'step';
  if ('apply' in fields) return 'trigger';
  if ('onFailure' in fields) return 'spec';
  return null;
}

function unknownField(error: SchemaError, field: string): Told {
  const schema = parentSchemaOf(error);
  const place = placeOf(schema);
  const planned = place === null ? undefined : unserved(place, field);
  if (planned !== undefined) return { ...planned, field, atKey: true };
  const allowed = Object.keys(propertiesOf(schema));
  const fallback =
    allowed.length === 0 ? 'No fields are allowed here.' : `Allowed here: ${allowed.join(', ')}.`;
  return {
    code: 'unknown-field',
    message: `Unknown field "${field}".`,
    hint: didYouMean(field, allowed) ?? fallback,
    field,
    atKey: true,
  };
}

/** The field that an unknown one was probably meant to be. */
export function meantField(error: SchemaError): string | undefined {
  const fields = Object.keys(propertiesOf(parentSchemaOf(error)));
  return suggest(String(error.params['additionalProperty']), fields);
}

function missingField(error: SchemaError, field: string): Told {
  return {
    code: 'missing-field',
    message: `The field "${field}" is missing.`,
    hint: descriptionOf(propertiesOf(parentSchemaOf(error))[field]),
  };
}

function wrongType(error: SchemaError, types: readonly string[]): Told {
  const { data } = error;
  return {
    code: 'wrong-type',
    message: `Expected ${describeTypes(types)}, found ${describeFound(data)}.`,
    hint: durationHint(error) ?? typeHint(data, types) ?? descriptionOf(parentSchemaOf(error)),
  };
}

function durationHint({ data, ...error }: SchemaError): string | undefined {
  const { pattern } = parentSchemaOf(error);
  if (typeof data !== 'number' || pattern !== DURATION_PATTERN) return undefined;
  return `Write a number and a unit: ${String(data)}s, ${String(data)}m.`;
}

function typeHint(data: unknown, types: readonly string[]): string | undefined {
  if (typeof data === 'string' && types.some((type) => type === 'number' || type === 'integer')) {
    if (data.trim() !== '' && Number.isFinite(Number(data))) return `Remove the quotes: ${data}.`;
  }
  if (typeof data === 'string' && types.includes('boolean') && /^(true|false)$/.test(data)) {
    return `Remove the quotes: ${data}.`;
  }
  if (types.includes('string') && (typeof data === 'number' || typeof data === 'boolean')) {
    return `Put it in quotes: "${String(data)}".`;
  }
  if (types.includes('array') && typeof data === 'string') return `Write a list: [${data}].`;
  return undefined;
}

function wrongValue(error: SchemaError): Told {
  const schema = error.schema as Json | readonly Json[];
  const allowed: readonly Json[] =
    error.keyword === 'enum' && Array.isArray(schema) ? schema : [schema];
  const words = allowed.filter((value) => typeof value === 'string');
  const near = typeof error.data === 'string' ? didYouMean(error.data, words) : undefined;
  return {
    code: 'wrong-value',
    message: `Expected ${allowed.length > 1 ? 'one of ' : ''}${listText(allowed)}; found ${describeFound(error.data)}.`,
    hint: near ?? descriptionOf(parentSchemaOf(error)),
  };
}

function noBranch(error: SchemaError): Told {
  const branches = error.schema as readonly Json[];
  if (branches.every(isFieldRule)) return fieldChoice(error, branches);
  const types = typesOf(error);
  if (types.length > 0 && !types.includes(typeName(error.data))) return wrongType(error, types);
  return formOf(error);
}

function typeName(data: unknown): string {
  if (data === null) return 'null';
  return Array.isArray(data) ? 'array' : typeof data;
}

/** Exactly one (or at least one) of several fields. */
function fieldChoice(error: SchemaError, branches: readonly Json[]): Told {
  const fields = branches.flatMap((branch) =>
    isJsonObject(branch) && Array.isArray(branch['required']) ? branch['required'].map(String) : [],
  );
  const names = fields.map((field) => `"${field}"`);
  if (
    isJsonObject(error.data as Json) &&
    fields.filter((field) => Object.hasOwn(error.data as object, field)).length > 1
  ) {
    return {
      code: 'conflicting-fields',
      message: `Only one of ${names.join(', ')} can be given.`,
      hint: 'Keep one and remove the others.',
    };
  }
  return {
    code: 'missing-field',
    message: `One of ${oneOfText(names)} is needed.`,
    hint: descriptionOf(propertiesOf(parentSchemaOf(error))[fields[0] ?? '']),
  };
}

function conflict(error: SchemaError): Told {
  const schema = error.schema as Json;
  const fields =
    isJsonObject(schema) && Array.isArray(schema['required']) ? schema['required'] : [];
  if (fields.length === 0) return formOf(error);
  return {
    code: 'conflicting-fields',
    message: `${fields.map((field) => `"${String(field)}"`).join(' and ')} cannot both be given.`,
    hint: 'Keep one and remove the other.',
  };
}

function dependent(error: SchemaError): Told {
  const missing = String(error.params['missingProperty']);
  return {
    code: 'missing-field',
    message: `"${String(error.params['property'])}" needs the field "${missing}" beside it.`,
    hint: descriptionOf(propertiesOf(parentSchemaOf(error))[missing]),
  };
}
