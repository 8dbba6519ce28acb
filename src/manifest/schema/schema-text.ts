import type { JsonObject } from '../../expr/json.ts';

export const NAME_PATTERN = '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$';
export const STEP_ID_PATTERN = '^[A-Za-z0-9_][A-Za-z0-9_-]{0,62}$';
export const DURATION_PATTERN = '^([0-9]+(\\.[0-9]+)?(ms|s|m|h|d))+$';

/** A name as DNS labels are made. */
export function nameField(description: string): JsonObject {
  return { description, type: 'string', pattern: NAME_PATTERN };
}

export function durationField(description: string, rules: JsonObject = {}): JsonObject {
  return { description, type: 'string', pattern: DURATION_PATTERN, ...rules };
}

/** An object that accepts the listed fields and no others. */
export function closedObject(
  description: string,
  properties: { readonly [field: string]: JsonObject },
  rules: JsonObject = {},
): JsonObject {
  return { description, type: 'object', additionalProperties: false, properties, ...rules };
}

export function listOf(description: string, items: JsonObject, rules: JsonObject = {}): JsonObject {
  return { description, type: 'array', items, ...rules };
}

export function ref(name: string): JsonObject {
  return { $ref: `#/$defs/${name}` };
}
