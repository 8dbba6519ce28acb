import { expect, test } from 'vitest';

import { isUuid, newRunId } from './uuid.ts';

test('a new run id → of version 7, its first 48 bits the time', () => {
  const id = newRunId(1_700_000_000_123);
  expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(parseInt(id.replace('-', '').slice(0, 12), 16)).toBe(1_700_000_000_123);
});

test('ids of later times → sort after those of earlier ones', () => {
  const ids = [1, 2, 1_700_000_000_000, 1_700_000_000_001].map(newRunId);
  expect(ids.toSorted()).toEqual(ids);
});

test.each<[string, boolean]>([
  ['01890a5d-ac96-774b-bcce-b302099a8057', true],
  ['01890A5D-AC96-774B-BCCE-B302099A8057', true],
  ['01890a5dac96774bbcceb302099a8057', false],
  ['01890a5d-ac96-774b-bcce-b302099a805g', false],
  ['', false],
])('%s → a uuid: %s', (text, expected) => {
  expect(isUuid(text)).toBe(expected);
});
