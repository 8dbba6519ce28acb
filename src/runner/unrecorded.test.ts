import { expect, test } from 'vitest';
import type { Attempt } from './attempt.ts';
import { Unrecorded } from './unrecorded.ts';

const MEBIBYTE = 1024 * 1024;

function attempt(): Attempt {
  return {} as Attempt;
}

/** How many of so large attempts leave their place before the first that stays. */
function leaving(unrecorded: Unrecorded, bytes: number): number {
  let count = 0;
  while (unrecorded.add(attempt(), bytes)) count += 1;
  return count;
}

test('short outputs → two thousand leave their place, or twice as many as may work at a time', () => {
  expect(leaving(new Unrecorded(1), 10)).toBe(2_000);
  expect(leaving(new Unrecorded(4_000), 10)).toBe(8_000);
});

test('long outputs → 16 MiB of them', () => {
  expect(leaving(new Unrecorded(16), MEBIBYTE)).toBe(16);
});

test('recorded → others may leave again; one that is recorded twice counts once', () => {
  const unrecorded = new Unrecorded(16);
  const first = attempt();
  unrecorded.add(first, 10 * MEBIBYTE);
  expect(unrecorded.add(attempt(), 7 * MEBIBYTE)).toBe(false);
  unrecorded.remove(first);
  unrecorded.remove(first);
  expect(unrecorded.add(attempt(), 9 * MEBIBYTE)).toBe(true);
  expect(unrecorded.add(attempt(), MEBIBYTE)).toBe(false);
});
