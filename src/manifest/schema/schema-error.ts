import type { ErrorObject } from 'ajv';
import type { Path } from '../../graph/problem.ts';
import { isJsonObject, type JsonObject } from '../../expr/json.ts';

/** An error as ajv reports it, with `verbose` on. */
export type SchemaError = ErrorObject;

/** `/steps/0/config` as a path. Digits are an index only where the parent is a list. */
export function pathOf(pointer: string, root: unknown): Path {
  const path: (string | number)[] = [];
  let value: unknown = root;
  for (const raw of pointer.split('/').slice(1)) {
    const key = raw.replaceAll('~1', '/').replaceAll('~0', '~');
    const part = Array.isArray(value) ? Number(key) : key;
    path.push(part);
    value = typeof value === 'object' && value !== null ? Reflect.get(value, part) : undefined;
  }
  return path;
}

/** The schema that the failed rule is part of. */
export function parentSchemaOf(error: SchemaError): JsonObject {
  const { parentSchema } = error;
  return isJsonObject(parentSchema) ? parentSchema : {};
}

export function propertiesOf(schema: JsonObject): { readonly [field: string]: JsonObject } {
  const { properties } = schema;
  if (!isJsonObject(properties)) return {};
  const entries = Object.entries(properties).filter((entry): entry is [string, JsonObject] =>
    isJsonObject(entry[1]),
  );
  return Object.fromEntries(entries);
}

export function descriptionOf(schema: JsonObject | undefined): string {
  const description = schema?.['description'];
  return typeof description === 'string' ? description : '';
}
