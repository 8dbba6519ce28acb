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
    define(name, ['number'], 'number', (_, value) => finite(Math.trunc(value))),
    define(name, ['string'], 'number', (_, text) => finite(Math.trunc(toNumber(text)))),
  ];
}

function decimals(name: string): FunctionDef[] {
  return [
    define(name, ['number'], 'number', (_, value) => value),
    define(name, ['string'], 'number', (_, text) => toNumber(text)),
  ];
}

export const CONVERT_FUNCTIONS: readonly FunctionDef[] = [
  ...wholeNumbers('int'),
  ...wholeNumbers('uint'),
  ...decimals('double'),
  ...decimals('number'),
  define('bool', ['bool'], 'bool', (_, value) => value),
  define('bool', ['string'], 'bool', (_, text) => toBool(text)),
  define('string', ['bytes'], 'string', decodeUtf8),
  define('string', ['any'], 'string', (frame, value) =>
    value === null ? 'null' : toText(frame, value),
  ),
  define('bytes', ['string'], 'bytes', encodeUtf8),
  define('bytes', ['bytes'], 'bytes', (_, value) => value),
  define('size', ['bytes'], 'number', (_, bytes) => bytes.length),
  define('type', ['any'], 'string', (_, value) => typeOf(value)),
  define('dyn', ['any'], 'any', (_, value) => value),
  define('json', ['any'], 'string', json),
  define('parseJson', ['string'], 'any', parseJson),
  define('base64', ['string'], 'string', (frame, text) =>
    encodeBase64(frame, encodeUtf8(frame, text)),
  ),
  define('base64', ['bytes'], 'string', encodeBase64),
  define('fromBase64', ['string'], 'string', (frame, text) =>
    decodeUtf8(frame, decodeBase64(frame, text)),
  ),
];
