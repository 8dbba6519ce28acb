import type { Json } from '../../expr/json.ts';

/** A value for a message: its type, and itself while it is short. */
export function describeFound(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'an object';
  if (typeof value === 'string') return value === '' ? 'empty text' : `the string ${quote(value)}`;
  return `the ${typeof value} ${JSON.stringify(value) ?? ''}`;
}

export function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 57)}…` : text);
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
};

/** `a string or a list`. */
export function describeTypes(types: readonly string[]): string {
  return oneOfText(types.map((type) => TYPES[type] ?? type));
}

export function oneOfText(words: readonly string[]): string {
  const last = words.at(-1) ?? '';
  return words.length < 2 ? last : `${words.slice(0, -1).join(', ')} or ${last}`;
}

/** So many of a list are shown. */
const MAX_LISTED = 30;

export function listText(values: readonly Json[]): string {
  const shown = values.slice(0, MAX_LISTED).map((value) => shortened(JSON.stringify(value)));
  return [...shown, ...(values.length > MAX_LISTED ? ['…'] : [])].join(', ');
}

function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 97)}…` : text;
}
