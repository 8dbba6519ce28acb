import { toBinary } from '@bufbuild/protobuf';
import { ValueSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, test } from 'vitest';
import type { Json } from '../expr/json.ts';
import { UNREAD } from '../record/unread.ts';
import { countFitting, showAlone, showFitting, sizeOf, MAX_DATA_BYTES } from './answer-size.ts';
import { toValue } from './convert/dynamic.ts';

describe('the size of a value is what protobuf makes of it', () => {
  test.each<[string, Json]>([
    ['null', null],
    ['a truth', true],
    ['a number', 1e300],
    ['an empty text', ''],
    ['a text beyond ASCII', 'Grüße, 🌍'],
    ['a text of 127 bytes', 'x'.repeat(127)],
    ['a text of 128 bytes', 'x'.repeat(128)],
    ['a text of 20 kB', 'x'.repeat(20_000)],
    ['a text of 3 MB', 'x'.repeat(3_000_000)],
    ['an empty list', []],
    ['an empty object', {}],
    ['a list of many', Array.from({ length: 5000 }, (_, index) => index)],
    ['all of it', { 'a key é': [1, null, { deep: ['x'.repeat(200), {}] }], b: { c: [false] } }],
  ])('%s', (_, json) => {
    expect(sizeOf(json)).toBe(toBinary(ValueSchema, toValue(json)).length);
  });
});

describe('what an answer shows', () => {
  const text = (length: number): string => 'x'.repeat(length);
  const lengths = (values: readonly Json[], room: number): (number | null)[] =>
    showFitting(values, room).map(({ json }) => (typeof json === 'string' ? json.length : null));

  test('everything that fits, else the smallest', () => {
    expect(lengths([text(50), text(10), text(70)], 150)).toEqual([50, 10, 70]);
    expect(lengths([text(50), text(10), text(70)], 100)).toEqual([50, 10, null]);
    expect(lengths([text(50), text(50), text(50)], 110)).toEqual([50, 50, null]);
    expect(lengths([text(10)], 0)).toEqual([null]);
  });

  test('a null is a null, and what was not read is omitted', () => {
    expect(showFitting([null, UNREAD, [1, UNREAD], [1]], 40)).toEqual([
      { json: null, isOmitted: false },
      { json: null, isOmitted: true },
      { json: null, isOmitted: true },
      { json: [1], isOmitted: false },
    ]);
    expect(showFitting([null], -5)).toEqual([{ json: null, isOmitted: false }]);
    expect(showAlone(text(MAX_DATA_BYTES - 5))).toMatchObject({ isOmitted: false });
    expect(showAlone(text(MAX_DATA_BYTES))).toEqual({ json: null, isOmitted: true });
  });

  test('a page has one item at least', () => {
    expect(countFitting([50, 50, 50], 100)).toBe(2);
    expect(countFitting([500, 50], 100)).toBe(1);
    expect(countFitting([], 100)).toBe(0);
  });
});
