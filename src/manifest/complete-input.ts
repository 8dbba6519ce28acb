import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import type { Json, JsonObject } from '../expr/json.ts';

export interface InputProblem {
  /** JSON pointer to the value that is wrong, missing or too much; empty is the input itself. */
  readonly pointer: string;
  readonly message: string;
}

export interface CompleteInput {
  /** With the schema's defaults where the caller was silent. */
  readonly input: Json;
  /** All that breaks the schema; with any of them the run must not start. */
  readonly problems: readonly InputProblem[];
}

/** By schema object: versions are immutable, so each is compiled once while it is in use. */
const compiled = new WeakMap<JsonObject, ValidateFunction>();

/** Checks a run's input against its workflow's schema and fills in the schema's defaults. */
export function completeInput(schema: JsonObject | null, input: Json): CompleteInput {
  if (schema === null) return { input, problems: [] };
  const validate = compiled.get(schema) ?? compileSchema(schema);
  const copy = structuredClone<Json>(input);
  if (validate(copy)) return { input: copy, problems: [] };
  const problems = (validate.errors ?? []).map((error) => ({
    pointer: pointerOf(error),
    message: messageOf(error),
  }));
  return { input, problems };
}

function compileSchema(schema: JsonObject): ValidateFunction {
  const ajv = new Ajv2020({ allErrors: true, strict: false, useDefaults: true });
  formats.default(ajv);
  const validate = ajv.compile(schema);
  compiled.set(schema, validate);
  return validate;
}

/** The place of what is missing or too much is below the object that ajv names. */
function pointerOf({ instancePath, params }: ErrorObject): string {
  const name: unknown = params['missingProperty'] ?? params['additionalProperty'];
  if (typeof name !== 'string') return instancePath;
  return `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function messageOf({ keyword, message, params }: ErrorObject): string {
  if (keyword === 'required') return 'is required';
  if (keyword === 'additionalProperties') return 'is not expected';
  if (keyword === 'enum') return `must be one of ${JSON.stringify(params['allowedValues'])}`;
  return message ?? keyword;
}
