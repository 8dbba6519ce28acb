import { Fault } from '../fault.ts';
import type { Frame } from '../frame.ts';
import { finite } from '../operators.ts';
import { toJson, toText } from '../to-json.ts';
import { typeOf, type Value } from '../value.ts';
import { define, type FunctionDef } from './function-def.ts';
import { decodeBase64, decodeUtf8, encodeBase64, encodeUtf8 } from './utf8.ts';

const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;
const TRUE = new Set(['true', 'True', 'TRUE', 't', '1']);
const FALSE = new Set(['false', 'False', 'FALSE', 'f', '0']);

function toNumber(text: string): number {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return finite(Number(trimmed));
  throw new Fault('the text is no number');
}

function toBool(text: string): boolean {
  if (TRUE.has(text)) return true;
  if (FALSE.has(text)) return false;
  throw new Fault('the text is neither "true" nor "false"');
}

function parseJson(frame: Frame, text: string): Value {
  frame.chargeText(text.length);
  try {
    const value: Value = JSON.parse(text);
    return value;
  } catch {
    // The parser's own message quotes the text, which may be long or private.
    throw new Fault('the text is no JSON');
  }
}

function json(frame: Frame, value: Value): string {
  const text = JSON.stringify(toJson(frame, value));
  frame.chargeText(text.length);
  return text;
}

/** `int` and `uint` take the whole part; all numbers are of one type. */
function wholeNumbers(name: string): FunctionDef[] {
  return [
    define({ name, params: ['number'], result: 'number' }, (_, [value]) =>
      finite(Math.trunc(value)),
    ),
    define({ name, params: ['string'], result: 'number' }, (_, [text]) =>
      finite(Math.trunc(toNumber(text))),
    ),
  ];
}

function decimals(name: string): FunctionDef[] {
  return [
    define({ name, params: ['number'], result: 'number' }, (_, [value]) => value),
    define({ name, params: ['string'], result: 'number' }, (_, [text]) => toNumber(text)),
  ];
}

export const CONVERT_FUNCTIONS: readonly FunctionDef[] = [
  ...wholeNumbers('int'),
  ...wholeNumbers('uint'),
  ...decimals('double'),
  ...decimals('number'),
  define({ name: 'bool', params: ['bool'], result: 'bool' }, (_, [value]) => value),
  define({ name: 'bool', params: ['string'], result: 'bool' }, (_, [text]) => toBool(text)),
  define({ name: 'string', params: ['bytes'], result: 'string' }, (frame, args) =>
    decodeUtf8(frame, ...args),
  ),
  define({ name: 'string', params: ['any'], result: 'string' }, (frame, [value]) =>
    value === null ? 'null' : toText(frame, value),
  ),
  define({ name: 'bytes', params: ['string'], result: 'bytes' }, (frame, args) =>
    encodeUtf8(frame, ...args),
  ),
  define({ name: 'bytes', params: ['bytes'], result: 'bytes' }, (_, [value]) => value),
  define({ name: 'size', params: ['bytes'], result: 'number' }, (_, [bytes]) => bytes.length),
  define({ name: 'type', params: ['any'], result: 'string' }, (_, [value]) => typeOf(value)),
  define({ name: 'dyn', params: ['any'], result: 'any' }, (_, [value]) => value),
  define({ name: 'json', params: ['any'], result: 'string' }, (frame, args) =>
    json(frame, ...args),
  ),
  define({ name: 'parseJson', params: ['string'], result: 'any' }, (frame, args) =>
    parseJson(frame, ...args),
  ),
  define({ name: 'base64', params: ['string'], result: 'string' }, (frame, [text]) =>
    encodeBase64(frame, encodeUtf8(frame, text)),
  ),
  define({ name: 'base64', params: ['bytes'], result: 'string' }, (frame, args) =>
    encodeBase64(frame, ...args),
  ),
  define({ name: 'fromBase64', params: ['string'], result: 'string' }, (frame, [text]) =>
    decodeUtf8(frame, decodeBase64(frame, text)),
  ),
];
