import type { Json, JsonObject } from '../../expr/json.ts';
import type { Problem } from '../../graph/problem.ts';
import { schemaCheck, type Check } from './check-schema.ts';

/** By schema object: that of a graph lives as long as the graph. */
const checks = new WeakMap<JsonObject, Check>();

/** What is wrong with a run's input by its workflow's schema; a null schema accepts anything. */
export function checkInput(schema: JsonObject | null, input: Json): readonly Problem[] {
  if (schema === null) return [];
  const check = checks.get(schema) ?? schemaCheck(schema, { useDefaults: true });
  checks.set(schema, check);
  // Defaults are written into the value that is checked.
  return check(structuredClone<Json>(input));
}
