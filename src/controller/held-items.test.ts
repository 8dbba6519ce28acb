import { expect, test, vi } from 'vitest';
import { countHeldItems } from './held-items.ts';
import type { CachedRun } from './run-cache.ts';

vi.mock('../engine/suspects.ts', () => ({
  placeTakers: (program: { isDefect: boolean }) => {
    if (program.isDefect) throw new Error('a defect');
    return [{ step: 0, item: 0, attempt: 1 }];
  },
}));
vi.mock('../engine/fold.ts', () => ({
  fold: (_program: unknown, state: { counted: number }) => {
    state.counted += 1;
  },
}));

function freshRun(id: string, isDefect: boolean): CachedRun & { state: { counted: number } } {
  const state = { now: 0, counted: 0 };
  const program = { isDefect, steps: [{ definition: { queue: 'q' } }] };
  return { record: { id }, program, state, seq: 0, isFresh: true } as never;
}

test('counting fails for one run → it is named, and the others are counted', async () => {
  const [bad, good] = [freshRun('bad', true), freshRun('good', false)];
  const parts = {
    bus: { missingTasks: () => Promise.resolve([]) },
    clock: { now: () => 1 },
    log: {},
  };
  const { unknown, broken } = await countHeldItems(parts as never, [bad, good]);
  expect([...broken.keys()]).toEqual(['bad']);
  expect([...unknown]).toEqual([]);
  expect([bad.state.counted, good.state.counted]).toEqual([0, 1]);
});
