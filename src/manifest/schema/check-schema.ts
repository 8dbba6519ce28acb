import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ValidateFunction } from 'ajv';
import ajvFormats from 'ajv-formats';
import type { Json, JsonObject } from '../../expr/json.ts';
import type { Problem } from '../../graph/problem.ts';
import { chooseBranches } from './choose-branch.ts';
import type { SchemaError } from './schema-error.ts';
import { meantField, tell } from './tell.ts';

/** Errors of one value that are looked into: to tell the meant branch each is held against each. */
const MAX_ERRORS = 400;

export type Check = (value: Json) => readonly Problem[];

/** A check by one of our own schemas, without references; paths are relative to the value. */
export function schemaCheck(schema: JsonObject): Check {
  let validate: ValidateFunction | undefined;
  return (value) => {
    validate ??= newAjv().compile(schema);
    return validate(value) ? [] : tellAll(validate.errors ?? [], value);
  };
}

/** Tells every error, with what is needed to say it well. */
export function newAjv(): Ajv2020 {
  const ajv = new Ajv2020({ allErrors: true, verbose: true, strict: false });
  ajvFormats.default(ajv);
  return ajv;
}

/** What ajv found, in words; paths are relative to the value. */
export function tellAll(errors: readonly SchemaError[], value: Json): readonly Problem[] {
  const meant = chooseBranches(errors.slice(0, MAX_ERRORS));
  return unique(withoutEchoes(meant).map((error) => tell(error, value)));
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
