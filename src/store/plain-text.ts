import type { Json } from '../expr/json.ts';

/**
 * Text as Postgres takes it: U+0000 is refused there, and one such character in a message would
 * keep its whole batch from being committed for ever.
 */
export function plainText(text: string): string {
  return text.includes('\0') ? text.replaceAll('\0', '\uFFFD') : text;
}

/** For a jsonb column, which refuses \u0000 and lone surrogates; a json column takes them. */
export function plainMap(map: { readonly [name: string]: string }): string {
  const entries = Object.entries(map).map(([name, value]) => [
    plainText(name).toWellFormed(),
    plainText(value).toWellFormed(),
  ]);
  return JSON.stringify(Object.fromEntries(entries));
}

/** SQL null for JSON null: a column reads back as null either way. */
export function jsonText(value: Json | object | undefined): string | null {
  return value === null || value === undefined ? null : JSON.stringify(value);
}
