import type { Json, JsonObject } from '../expr/json.ts';
import { inputCheck } from './schema/check-input.ts';
import { listText } from './schema/describe.ts';
import type { SchemaError } from './schema/schema-error.ts';

export interface InputProblem {
  /** JSON pointer to the value that is wrong, missing or too much; empty is the input itself. */
  readonly pointer: string;
  readonly message: string;
}

export interface CompleteInput {
  /** With the schema's defaults where the caller was silent. */
  readonly input: Json;
  /** What breaks the schema, the first 100; with any of them the run must not start. */
  readonly problems: readonly InputProblem[];
}

/** Checks a run's input against its workflow's schema and fills in the schema's defaults. */
export function completeInput(schema: JsonObject | null, input: Json): CompleteInput {
  if (schema === null) return { input, problems: [] };
  const copy = structuredClone<Json>(input);
  const errors = inputCheck(schema)(copy);
  if (errors.length === 0) return { input: copy, problems: [] };
  const problems = errors.map((error) => ({
    pointer: pointerOf(error),
    message: messageOf(error),
  }));
  return { input, problems };
}

/** The place of what is missing or too much is below the object that ajv names. */
function pointerOf({ instancePath, params }: SchemaError): string {
  const name: unknown = params['missingProperty'] ?? params['additionalProperty'];
  if (typeof name !== 'string') return instancePath;
  return `${instancePath}/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function messageOf({ keyword, message, params }: SchemaError): string {
  if (keyword === 'required') return 'is required';
  if (keyword === 'additionalProperties') return 'is not expected';
  if (keyword === 'enum') return `must be one of ${listText(params['allowedValues'] as Json[])}`;
  return message ?? keyword;
}
