import type { Json, JsonObject } from '../expr/json.ts';

/** A conditional's condition is no template but CEL; `true` and `false` may be written bare. */
export function conditionText(type: string, config: JsonObject): string | null {
  if (type !== 'conditional') return null;
  const { condition } = config;
  if (typeof condition === 'boolean') return String(condition);
  return typeof condition === 'string' ? condition : null;
}

/** The part of a config in which strings are templates. */
export function templatedConfig(type: string, config: JsonObject): JsonObject {
  if (type !== 'conditional') return config;
  const { condition: _, ...rest } = config;
  return rest;
}

/** Whether a `forEach` can give a list: a list, or a string that is one template. */
export function canBeList(forEach: Json): boolean {
  if (typeof forEach !== 'string') return Array.isArray(forEach);
  return /^\{\{.*\}\}$/s.test(forEach);
}
