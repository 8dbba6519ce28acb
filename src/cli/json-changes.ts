import { type Json, isJsonObject } from '../expr/json.ts';

/** One place that differs; undefined is absent. */
export interface JsonChange {
  /** `spec.steps[download].config.url`: list entries go by their id or name. */
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/** The smallest places in which two values differ, in the order of the newer one. */
export function jsonChanges(
  before: Json | undefined,
  after: Json | undefined,
  path = '',
): JsonChange[] {
  if (isJsonObject(before) && isJsonObject(after)) {
    const keys = [...new Set([...Object.keys(after), ...Object.keys(before)])];
    return keys.flatMap((key) =>
      jsonChanges(before[key], after[key], path === '' ? key : `${path}.${key}`),
    );
  }
  if (Array.isArray(before) && Array.isArray(after)) return listChanges(before, after, path);
  const isSame = JSON.stringify(before) === JSON.stringify(after);
  return isSame ? [] : [{ path, before, after }];
}

function listChanges(before: readonly Json[], after: readonly Json[], path: string): JsonChange[] {
  const old = byKey(before);
  const fresh = byKey(after);
  const keys = [...new Set([...fresh.keys(), ...old.keys()])];
  const inside = keys.flatMap((key) =>
    jsonChanges(old.get(key), fresh.get(key), `${path}[${key}]`),
  );
  const isMoved =
    inside.length === 0 && [...old.keys()].join('\0') !== [...fresh.keys()].join('\0');
  if (!isMoved) return inside;
  return [{ path: `${path} (order)`, before: [...old.keys()], after: [...fresh.keys()] }];
}

function byKey(list: readonly Json[]): Map<string, Json> {
  return new Map(
    list.map((entry, i) => {
      const id = isJsonObject(entry) ? (entry['id'] ?? entry['name']) : undefined;
      return [typeof id === 'string' ? id : String(i), entry];
    }),
  );
}
