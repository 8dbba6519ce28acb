import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';
import type { Json, JsonObject } from '../../expr/json.ts';
import type { Problem } from '../../graph/problem.ts';
import { chooseBranches } from './choose-branch.ts';
import type { SchemaError } from './schema-error.ts';
import { meantField, tell } from './tell.ts';

export type Check = (value: Json) => readonly Problem[];

/** Ajv as all our checks use it: every error, with what is needed to tell it well. */
export function newAjv(options: { readonly useDefaults?: boolean } = {}): Ajv2020 {
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false, ...options });
  ajvFormats.default(ajv);
  return ajv;
}

/** A check of values by a schema without references; paths are relative to the value. */
export function schemaCheck(
  schema: JsonObject,
  options: { readonly useDefaults?: boolean } = {},
): Check {
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= newAjv(options).compile(schema);
    if (validate(value)) return [];
    const errors = chooseBranches(validate.errors ?? []);
    return unique(withoutEchoes(errors).map((error) => tell(error, value)));
  };
}

/** A misspelt field would be told twice: as unknown, and as missing under its right name. */
function withoutEchoes(errors: readonly SchemaError[]): readonly SchemaError[] {
  const meant = new Set<string>();
  for (const error of errors) {
    if (error.keyword !== 'additionalProperties') continue;
    meant.add(`${error.instancePath} ${meantField(error) ?? ''}`);
    if (/^(schedule|webhook|event|workflow)$/.test(String(error.params['additionalProperty']))) {
      meant.add(`${error.instancePath} apply`);
    }
  }
  return errors.filter(
    (error) => !missingFields(error).some((field) => meant.has(`${error.instancePath} ${field}`)),
  );
}

function missingFields(error: SchemaError): readonly string[] {
  if (error.keyword === 'required') return [String(error.params['missingProperty'])];
  if (error.keyword !== 'oneOf' && error.keyword !== 'anyOf') return [];
  const branches: unknown = error.schema;
  if (
    !Array.isArray(branches) ||
    (error.params['passingSchemas'] !== null && error.keyword === 'oneOf')
  )
    return [];
  return branches.flatMap((branch: { required?: readonly string[] }) => branch.required ?? []);
}

function unique(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems.filter(({ path, code, message }) => {
    const key = JSON.stringify([path, code, message]);
    return !seen.has(key) && seen.add(key);
  });
}
