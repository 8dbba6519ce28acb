import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { linearPatterns } from '../../expr/functions/linear-pattern.ts';
import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';
import { HardError } from '../errors.ts';

/**
 * What is asked of an answer, compiled; a schema that is none is the manifest's mistake. Its patterns
 * are RE2's: a model's answer must not be able to hold up the runner.
 */
export function answerValidator(schema: JsonObject): ValidateFunction {
  try {
    const ajv = new Ajv2020({ strict: false, allErrors: true, code: linearPatterns });
    formats.default(ajv);
    return ajv.compile(schema);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new HardError('invalid_input', `output.schema is no valid JSON Schema: ${reason}`);
  }
}

export type Answer =
  | { readonly kind: 'valid'; readonly value: Json }
  | { readonly kind: 'invalid'; readonly problem: string };

/** Reads an answer that has to obey a schema. */
export function checkAnswer(text: string, validate: ValidateFunction): Answer {
  const value = parseJson(text);
  if (value === undefined) return { kind: 'invalid', problem: 'it is no JSON' };
  if (isValid(validate, value)) return { kind: 'valid', value };
  const problems = (validate.errors ?? []).map(
    (error) => `${error.instancePath || 'the answer'} ${error.message ?? error.keyword}`,
  );
  return { kind: 'invalid', problem: problems.slice(0, 10).join('; ') };
}

/** Ajv calls the member `valueOf` that an object of the answer may have. */
function isValid(validate: ValidateFunction, value: Json): boolean {
  try {
    return validate(value);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    validate.errors = [
      { instancePath: '', schemaPath: '', keyword: 'compare', params: {}, message },
    ];
    return false;
  }
}

/** The fields of a text that is a JSON object, also inside a Markdown fence; otherwise none. */
export function fieldsOf(text: string): JsonObject {
  const value = parseJson(text);
  return isJsonObject(value) ? value : {};
}

const FENCE = /^```(?:json)?\s*\n([\s\S]*?)\n?```$/i;

function parseJson(text: string): Json | undefined {
  const trimmed = text.trim();
  const bare = FENCE.exec(trimmed)?.[1] ?? trimmed;
  try {
    return JSON.parse(bare) as Json;
  } catch {
    // Prose is the usual case, no fault.
    return undefined;
  }
}
