const SPECIAL = /["\\]/g;

/** `{"a",NULL}` of strings; bytes become bytea's hex form. */
export function textArray(values: readonly (string | Uint8Array | null)[]): string {
  let text = '{';
  for (const value of values) {
    if (text.length > 1) text += ',';
    text += value === null ? 'NULL' : `"${escape(value)}"`;
  }
  return `${text}}`;
}

function escape(value: string | Uint8Array): string {
  if (typeof value !== 'string') return `\\\\x${Buffer.from(value).toString('hex')}`;
  return value.replace(SPECIAL, '\\$&');
}

/** `{1,NULL}`. */
export function integerArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}
