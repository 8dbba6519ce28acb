import { isJsonObject, type Json, type JsonObject } from '../../expr/json.ts';

/**
 * The schema with every `#/$defs/…` written out. ajv reports the way through a schema by its text,
 * and a way without references leads back to the branch that an error came from.
 */
export function inlineRefs(
  schema: JsonObject,
  defs: { readonly [name: string]: JsonObject },
): JsonObject {
  const inlined = inline(schema, defs);
  if (!isJsonObject(inlined)) throw new TypeError('a schema is an object');
  return inlined;
}

function inline(value: Json, defs: { readonly [name: string]: JsonObject }): Json {
  if (Array.isArray(value)) return value.map((item) => inline(item, defs));
  if (!isJsonObject(value)) return value;
  const target = value['$ref'];
  if (typeof target === 'string') {
    const found = defs[target.replace('#/$defs/', '')];
    if (found === undefined) throw new Error(`no schema definition for ${target}`);
    return inline(found, defs);
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, inline(item, defs)]));
}
