import { expect, test } from 'vitest';
import type { CachedRun } from './run-cache.ts';
import { StuckRuns } from './stuck-runs.ts';

interface Stand {
  readonly seq?: number;
  readonly wakeAt?: number | null;
  readonly dispatched?: number;
  readonly isFinished?: boolean;
}

function run({ seq = 3, wakeAt = null, dispatched = 0, isFinished = false }: Stand = {}) {
  const finished = isFinished ? {} : null;
  return { record: { id: 'r', wakeAt }, state: { finished, dispatched }, seq } as CachedRun;
}

/** Seen at 0, 30, 60 … seconds. */
function countAfter(stands: readonly Stand[]): number {
  const stuck = new StuckRuns(30_000);
  stands.forEach((stand, index) => stuck.note(run(stand), index * 30_000));
  return stuck.count((stands.length - 1) * 30_000);
}

test.each([
  ['nothing under way for a minute', [{}, {}, {}], 1],
  ['nothing under way for half a minute', [{}, {}], 0],
  ['it moves', [{ seq: 1 }, { seq: 2 }, { seq: 3 }], 0],
  ['a task is under way', [{ dispatched: 1 }, { dispatched: 1 }, { dispatched: 1 }], 0],
  ['it waits for a time', [{ wakeAt: 1e9 }, { wakeAt: 1e9 }, { wakeAt: 1e9 }], 0],
  ['its time is long past', [{ wakeAt: 0 }, { wakeAt: 0 }, { wakeAt: 0 }], 1],
  ['it finishes at last', [{}, {}, { isFinished: true }], 0],
] satisfies [string, Stand[], number][])('%s', (_, stands, count) => {
  expect(countAfter(stands)).toBe(count);
});

test('a run that cannot be loaded → stuck; not seen any more → forgotten', () => {
  const stuck = new StuckRuns(30_000);
  for (const at of [0, 30_000, 60_000]) stuck.noteBroken('r', at);
  expect(stuck.count(60_000)).toBe(1);
  expect(stuck.count(200_000)).toBe(0);
});
