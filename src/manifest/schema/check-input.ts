import type { Json, JsonObject } from '../../expr/json.ts';
import type { Problem } from '../../graph/problem.ts';
import { tellAll } from './check-schema.ts';
import { dataCheck, type DataCheck } from './data-check.ts';

/** By schema object: that of a graph lives as long as the graph. */
const checks = new WeakMap<JsonObject, DataCheck>();

/** The check of a workflow's input schema, compiled once while the schema is in use. */
export function inputCheck(schema: JsonObject): DataCheck {
  const check = checks.get(schema) ?? dataCheck(schema);
  checks.set(schema, check);
  return check;
}

/** What is wrong with a run's input by its workflow's schema; a null schema accepts anything. */
export function checkInput(schema: JsonObject | null, input: Json): readonly Problem[] {
  if (schema === null) return [];
  // Defaults are written into the value that is checked.
  const value = structuredClone<Json>(input);
  return tellAll(inputCheck(schema)(value), value);
}
