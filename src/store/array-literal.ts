const SPECIAL = /["\\]/g;

/** `{"a",NULL}` */
export function textArray(values: readonly (string | null)[]): string {
  let text = '{';
  for (const value of values) {
    if (text.length > 1) text += ',';
    text += value === null ? 'NULL' : `"${value.replace(SPECIAL, '\\$&')}"`;
  }
  return `${text}}`;
}

/** `{1,NULL}` */
export function integerArray(values: readonly (number | null)[]): string {
  return `{${values.map((value) => value ?? 'NULL').join(',')}}`;
}
