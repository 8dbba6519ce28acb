import { Fault } from '../fault.ts';
import type { Frame } from '../frame.ts';
import { toText } from '../to-json.ts';
import type { Value } from '../value.ts';
import { isMatch } from './pattern.ts';
import { define, type FunctionDef } from './function-def.ts';
import { format } from './format.ts';

const SURROGATE = /[\ud800-\udfff]/;

/** Characters are Unicode code points, as in CEL; text without surrogates is its own list. */
function chars(frame: Frame, text: string): string | string[] {
  frame.charge(text.length / 8);
  return SURROGATE.test(text) ? Array.from(text) : text;
}

function slice(frame: Frame, text: string, range: { start: number; end?: number }): string {
  const all = chars(frame, text);
  const { start, end = all.length } = range;
  if (
    !Number.isInteger(start) ||
    !Number.isInteger(end) ||
    start < 0 ||
    end < start ||
    end > all.length
  ) {
    throw new Fault(
      `substring from ${start} to ${end} is outside the text of ${all.length} characters`,
    );
  }
  const part = all.slice(start, end);
  return typeof part === 'string' ? part : part.join('');
}

/** The position of `part` in code points, or -1. */
function position(frame: Frame, text: string, find: (text: string) => number): number {
  const at = find(text);
  if (at <= 0) return at;
  return chars(frame, text.slice(0, at)).length;
}

function replace(
  frame: Frame,
  text: string,
  edit: { from: string; to: string; limit: number },
): string {
  if (edit.from === '') throw new Fault('replace needs the text to be replaced; it is empty');
  const pieces = split(frame, text, {
    separator: edit.from,
    limit: edit.limit < 0 ? -1 : edit.limit + 1,
  });
  frame.chargeText(text.length + pieces.length * edit.to.length);
  return pieces.join(edit.to);
}

/** At most `limit` pieces, the last with the rest; -1 is all. */
function split(frame: Frame, text: string, by: { separator: string; limit: number }): string[] {
  frame.chargeText(text.length);
  const pieces = text.split(by.separator);
  frame.charge(pieces.length);
  if (by.limit < 0 || pieces.length <= by.limit) return pieces;
  if (by.limit === 0) return [];
  return [...pieces.slice(0, by.limit - 1), pieces.slice(by.limit - 1).join(by.separator)];
}

function join(frame: Frame, list: readonly Value[], separator: string): string {
  frame.charge(list.length);
  const texts = list.map((item) => toText(frame, item));
  const length = texts.reduce((sum, text) => sum + text.length, separator.length * list.length);
  frame.chargeText(length);
  return texts.join(separator);
}

function asciiCase(text: string, isUpper: boolean): string {
  return isUpper
    ? text.replace(/[a-z]+/g, (letters) => letters.toUpperCase())
    : text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

function mapped(name: string, change: (text: string) => string): FunctionDef {
  return define({ name, params: ['string'], result: 'string' }, (frame, [text]) => {
    frame.chargeText(text.length);
    return change(text);
  });
}

const SEARCHES: readonly FunctionDef[] = [
  define(
    { name: 'size', params: ['string'], result: 'number' },
    (frame, [text]) => chars(frame, text).length,
  ),
  define(
    { name: 'contains', params: ['string', 'string'], result: 'bool' },
    (frame, [text, part]) => {
      frame.charge(text.length / 8);
      return text.includes(part);
    },
  ),
  define({ name: 'startsWith', params: ['string', 'string'], result: 'bool' }, (_, [text, part]) =>
    text.startsWith(part),
  ),
  define({ name: 'endsWith', params: ['string', 'string'], result: 'bool' }, (_, [text, part]) =>
    text.endsWith(part),
  ),
  define({ name: 'matches', params: ['string', 'string'], result: 'bool' }, (frame, args) =>
    isMatch(frame, ...args),
  ),
  define(
    { name: 'indexOf', params: ['string', 'string'], result: 'number' },
    (frame, [text, part]) => position(frame, text, (all) => all.indexOf(part)),
  ),
  define(
    { name: 'lastIndexOf', params: ['string', 'string'], result: 'number' },
    (frame, [text, part]) => position(frame, text, (all) => all.lastIndexOf(part)),
  ),
  define({ name: 'charAt', params: ['string', 'number'], result: 'string' }, (frame, [text, at]) =>
    slice(frame, text, { start: at, end: at + 1 }),
  ),
];

const CHANGES: readonly FunctionDef[] = [
  define(
    { name: 'substring', params: ['string', 'number'], result: 'string' },
    (frame, [text, start]) => slice(frame, text, { start }),
  ),
  define(
    { name: 'substring', params: ['string', 'number', 'number'], result: 'string' },
    (frame, [text, start, end]) => slice(frame, text, { start, end }),
  ),
  mapped('lowerAscii', (text) => asciiCase(text, false)),
  mapped('upperAscii', (text) => asciiCase(text, true)),
  mapped('lower', (text) => text.toLowerCase()),
  mapped('upper', (text) => text.toUpperCase()),
  mapped('trim', (text) => text.trim()),
  mapped('reverse', (text) => Array.from(text).reverse().join('')),
  mapped('urlEncode', (text) => encodeURIComponent(text.toWellFormed())),
  define(
    { name: 'replace', params: ['string', 'string', 'string'], result: 'string' },
    (frame, [text, from, to]) => replace(frame, text, { from, to, limit: -1 }),
  ),
  define(
    { name: 'replace', params: ['string', 'string', 'string', 'number'], result: 'string' },
    (frame, [text, from, to, limit]) => replace(frame, text, { from, to, limit }),
  ),
  define(
    { name: 'split', params: ['string', 'string'], result: 'list' },
    (frame, [text, separator]) => split(frame, text, { separator, limit: -1 }),
  ),
  define(
    { name: 'split', params: ['string', 'string', 'number'], result: 'list' },
    (frame, [text, separator, limit]) => split(frame, text, { separator, limit }),
  ),
  define({ name: 'join', params: ['list'], result: 'string' }, (frame, [list]) =>
    join(frame, list, ''),
  ),
  define({ name: 'join', params: ['list', 'string'], result: 'string' }, (frame, args) =>
    join(frame, ...args),
  ),
  define({ name: 'format', params: ['string', 'list'], result: 'string' }, (frame, args) =>
    format(frame, ...args),
  ),
];

export const TEXT_FUNCTIONS: readonly FunctionDef[] = [...SEARCHES, ...CHANGES];
