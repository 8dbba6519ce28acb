import { isJsonObject, type Json } from '../../expr/json.ts';
import type { Path } from '../../graph/problem.ts';

/** Keywords whose values are data, not schemas. */
const DATA = new Set(['const', 'enum', 'default', 'examples']);

/** Keywords whose values hold schemas by names of the author's. */
const NAMED = new Set(['properties', 'patternProperties', '$defs', 'dependentSchemas']);

type Visit = (key: string, value: Json, path: Path) => void;

/** Every keyword of a JSON Schema with its value and path, outer ones first. */
export function walkSchema(value: Json, visit: Visit, path: Path = []): void {
  if (Array.isArray(value)) {
    value.forEach((item: Json, index) => walkSchema(item, visit, [...path, index]));
    return;
  }
  if (!isJsonObject(value)) return;
  for (const [key, item] of Object.entries(value)) {
    visit(key, item, [...path, key]);
    if (DATA.has(key)) continue;
    if (!NAMED.has(key) || !isJsonObject(item)) walkSchema(item, visit, [...path, key]);
    else {
      for (const [name, schema] of Object.entries(item))
        walkSchema(schema, visit, [...path, key, name]);
    }
  }
}
