import { RE2JS } from '@bufbuild/re2';

/** A regular expression that takes time linear in the text, whatever both of them are. */
export interface LinearPattern {
  /** Whether it occurs in the text. */
  test(text: string): boolean;
  toString(): string;
}

/**
 * The pattern of a JSON Schema, whose syntax is that of JavaScript: RE2 knows all of it but look-around
 * and back references, which are what makes an expression run for ever. Throws on a bad one.
 */
export function linearPattern(pattern: string): LinearPattern {
  const compiled = new RE2JS(translate(pattern));
  return { test: (text) => compiled.test(text), toString: () => `/${pattern}/u` };
}

/** Has ajv match by them: its option `code`. */
export const linearPatterns = { regExp: Object.assign(linearPattern, { code: 'linearPattern' }) };

/** Escapes that only JavaScript has: `\u0041`, `\u{1F600}`, `\cA`. */
function translate(pattern: string): string {
  return pattern.replaceAll(/\\(?:u\{[0-9a-fA-F]+\}|u[0-9a-fA-F]{4}|c[A-Za-z]|[\s\S])/g, asHex);
}

function asHex(escape: string): string {
  if (/^\\u./.test(escape)) return `\\x{${escape.slice(2).replaceAll(/[{}]/g, '')}}`;
  return /^\\c./.test(escape) ? `\\x{${(escape.charCodeAt(2) % 32).toString(16)}}` : escape;
}
