import { didYouMean } from '../expr/suggest.ts';
import { parseDurationMs } from '../graph/duration.ts';

/** What a setting's text was read as, or what is wrong with it: `expected …`. */
export type Reading<T> = { readonly value: T } | { readonly problem: string };

export type ReadText<T> = (text: string) => Reading<T>;

export const text: ReadText<string> = (value) => ({ value });

export const list: ReadText<readonly string[]> = (value) => ({
  value: value
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== ''),
});

export const yesOrNo: ReadText<boolean> = (value) => {
  if (['true', '1', 'yes', 'on'].includes(value.toLowerCase())) return { value: true };
  if (['false', '0', 'no', 'off', ''].includes(value.toLowerCase())) return { value: false };
  return { problem: 'expected true or false' };
};

export function whole(min: number, max: number): ReadText<number> {
  return (value) => {
    const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return { value: number };
    return { problem: `expected a whole number from ${min} to ${max}` };
  };
}

export function oneOf<const T extends string>(words: readonly T[]): ReadText<T> {
  return (value) => {
    const word = words.find((each) => each === value);
    if (word !== undefined) return { value: word };
    const hint = didYouMean(value, words);
    const expected = `expected one of ${words.join(', ')}`;
    return { problem: hint === undefined ? expected : `${expected}; ${hint}` };
  };
}

/** In ms. */
export function duration(minMs: number): ReadText<number> {
  return (value) => {
    const ms = parseDurationMs(value);
    if (ms !== null && ms >= minMs) return { value: ms };
    return { problem: `expected a duration such as 500ms, 30s or 5m, of at least ${minMs} ms` };
  };
}

/** In bytes. */
export const bytes: ReadText<number> = (value) => {
  const [, amount, unit = ''] = /^(\d+)\s*(|KiB|MiB|GiB)$/.exec(value) ?? [];
  if (amount === undefined) return { problem: 'expected a size such as 65536, 512KiB or 10MiB' };
  return { value: Number(amount) * 1024 ** ['', 'KiB', 'MiB', 'GiB'].indexOf(unit) };
};

/** A URL of one of these protocols, or empty. */
export function url(protocols: readonly string[]): ReadText<string> {
  return (value) => {
    if (value === '') return { value };
    const parsed = URL.parse(value);
    if (parsed !== null && protocols.includes(parsed.protocol)) return { value };
    return { problem: `expected a URL that starts with ${protocols.join('// or ')}//` };
  };
}

/** Several URLs of one of these protocols, separated by commas; or empty. */
export function urls(protocols: readonly string[]): ReadText<string> {
  const one = url(protocols);
  return (value) => {
    const bad = value
      .split(',')
      .map((part) => one(part.trim()))
      .find((each) => 'problem' in each);
    return bad ?? { value };
  };
}

/** A key for HS256 and its like; or empty. */
export const signingKey: ReadText<string> = (value) =>
  value === '' || Buffer.byteLength(value) >= 32
    ? { value }
    : { problem: 'expected at least 32 bytes (openssl rand -base64 48 makes one)' };
