import { expect, test } from 'vitest';

import { integerArray, textArray } from './array-literal.ts';

test.each<[readonly (string | null)[], string]>([
  [[], '{}'],
  [['a'], '{"a"}'],
  [[''], '{""}'],
  [[null, 'null', 'NULL'], '{NULL,"null","NULL"}'],
  [['a"b\\c', '{},'], '{"a\\"b\\\\c","{},"}'],
])('texts %j → %s', (values, expected) => {
  expect(textArray(values)).toBe(expected);
});

test.each<[readonly (number | null)[], string]>([
  [[], '{}'],
  [[1, null, -1], '{1,NULL,-1}'],
  [[1_700_000_000_000], '{1700000000000}'],
])('numbers %j → %s', (values, expected) => {
  expect(integerArray(values)).toBe(expected);
});
