import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, test } from 'vitest';
import type { Json, JsonObject } from '../../expr/json.ts';
import { checkInputSchema } from './input-schema.ts';
import { dataCheck, MAX_DATA_ERRORS } from './data-check.ts';
import { MAX_REFERENCES } from './schema-references.ts';

/** Far above what a slow machine needs, far below the minutes that it guards against. */
const MAX_MS = 10_000;

/** What is wrong with the value, found in time; of processor time, as a busy machine slows nothing. */
function check(schema: JsonObject, value: Json): readonly string[] {
  const before = process.cpuUsage();
  const errors = dataCheck(schema)(value);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(MAX_MS);
  return errors.map(({ instancePath, message }) => `${instancePath} ${message}`);
}

const twice = { properties: { x: { $ref: '#/$defs/a' } }, required: ['x'] };
const doubling = { $ref: '#/$defs/a', $defs: { a: { anyOf: [twice, twice] } } };

function nested(depth: number): Json {
  return depth === 0 ? {} : { x: nested(depth - 1) };
}

describe('what takes other validators minutes → an answer within seconds', () => {
  test('a pattern that goes back and forth', () => {
    const errors = check({ type: 'string', pattern: '^(a+)+$' }, `${'a'.repeat(50_000)}!`);
    expect(errors).toEqual([' must match pattern "^(a+)+$"']);
  });

  test('half a million items that must differ', () => {
    const many = Array.from({ length: 500_000 }, (_, index) => index);
    expect(check({ type: 'array', uniqueItems: true }, many)).toEqual([]);
    expect(check({ uniqueItems: true }, [...many, 7])).toEqual([' must NOT have duplicate items']);
  });

  test('a schema that refers to itself from two places, 60 levels deep', () => {
    expect(check(doubling, nested(60))).toEqual([
      expect.stringMatching(/more than 500000 references/),
    ]);
  });

  test('references that double without going deeper', () => {
    const both = (index: number): JsonObject => ({
      allOf: [{ $ref: `#/$defs/a${index + 1}` }, { $ref: `#/$defs/a${index + 1}` }],
    });
    const levels = Array.from({ length: 60 }, (_, index) => [`a${index}`, both(index)] as const);
    const $defs = { ...Object.fromEntries(levels), a60: { type: 'string' } };
    expect(check({ $ref: '#/$defs/a0', $defs }, 'x')).toHaveLength(1);
  });

  test('20,000 values against a list of 50,000', () => {
    const list = Array.from({ length: 50_000 }, (_, index) => index);
    expect(check({ items: { enum: list } }, Array(20_000).fill(49_999))).toEqual([]);
  });

  test('a million mistakes: the first of them', () => {
    const wrong = Array(1_000_000).fill(1);
    expect(check({ items: { type: 'string' } }, wrong)).toEqual(['/0 must be string']);
  });
});

describe('the same answers as ever', () => {
  test.each<[string, JsonObject, Json, string[]]>([
    [
      'equal objects',
      { uniqueItems: true },
      [
        { a: 1, b: 2 },
        { b: 2, a: 1 },
      ],
      [' must NOT have duplicate items'],
    ],
    ['a number and its text', { uniqueItems: true }, [1, '1', [1], '[1]', null, 'null'], []],
    ['no wish for unique items', { uniqueItems: false }, [1, 1], []],
    ['an object of the list', { enum: [{ a: [1] }, 'b'] }, { a: [1] }, []],
    ['the constant', { const: { a: 1, b: [2] } }, { b: [2], a: 1 }, []],
    ['another than the constant', { const: 1 }, '1', [' must be equal to constant']],
    [
      'members named like those that every object of JavaScript has',
      { items: { const: {} } },
      JSON.parse('[{}, { "valueOf": null }, { "toString": 1 }, { "__proto__": {} }]') as Json,
      ['/1', '/2', '/3'].map((path) => `${path} must be equal to constant`),
    ],
    ['none of the list', { enum: [1, 'b'] }, '1', [' must be equal to one of the allowed values']],
    [
      'a recursive schema',
      {
        $ref: '#/$defs/l',
        $defs: {
          l: { anyOf: [{ type: 'number' }, { items: { $ref: '#/$defs/l' }, type: 'array' }] },
        },
      },
      [[1, [2]], 3],
      [],
    ],
    [
      'every mistake',
      { items: { type: 'string' } },
      [1, 'a', 2],
      ['/0 must be string', '/2 must be string'],
    ],
  ])('%s', (_, schema, value, expected) => {
    expect(check(schema, value)).toEqual(expected);
  });

  test('more mistakes than anybody reads → the first so many', () => {
    const errors = check({ items: { type: 'string' } }, Array(1000).fill(1));
    expect(errors).toHaveLength(MAX_DATA_ERRORS);
  });
});

describe('schemas that cannot be checked in time are refused when they are applied', () => {
  const chain = (count: number): JsonObject => {
    const links = Array.from({ length: count }, (_, index) => [
      `a${index}`,
      index + 1 === count ? { type: 'string' } : { $ref: `#/$defs/a${index + 1}` },
    ]);
    return { $ref: '#/$defs/a0', $defs: Object.fromEntries(links) };
  };

  test.each<[string, JsonObject, RegExp | null]>([
    ['look-ahead', { pattern: '^(?=.*a)b' }, /no regular expression: .*\(\?=/],
    ['a back reference', { pattern: '(a)\\1' }, /no regular expression/],
    ['a pattern of a key', { patternProperties: { '(?!a)': {} } }, /no regular expression/],
    [
      'a pattern of 1,001 characters',
      { pattern: 'a'.repeat(1001) },
      /1001 characters; at most 1000/,
    ],
    ['one of 1,000', { pattern: 'a'.repeat(1000) }, null],
    ['escapes that only JavaScript has', { pattern: '^\\u0041\\u{1F600}\\/\\cA$' }, null],
    ['as many references as allowed', chain(MAX_REFERENCES), null],
    ['one more', chain(MAX_REFERENCES + 1), /more than 500 references/],
  ])('%s', (_, schema, expected) => {
    const before = process.cpuUsage().user;
    const messages = checkInputSchema(schema).map(({ message }) => message);
    expect((process.cpuUsage().user - before) / 1000).toBeLessThan(MAX_MS);
    if (expected === null) expect(messages).toEqual([]);
    else expect(messages.join()).toMatch(expected);
    if (expected === null) expect(() => dataCheck(schema)('A')).not.toThrow();
  });
});

test('schemas that are gone leave nothing behind', () => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const heapAfter = (schemas: number): number => {
    for (let i = 0; i < schemas; i += 1) {
      const $comment = `${i} ${'x'.repeat(5000)}`;
      dataCheck({ $comment, properties: { [`p${i}`]: { enum: [$comment, i] } } })({ [`p${i}`]: i });
    }
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = heapAfter(200);
  expect(heapAfter(2000) - before).toBeLessThan(8 * 1024 * 1024);
});
