import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isSettled, type RunState } from '../../src/engine/state.ts';
import { progressOf } from '../../src/engine/view.ts';
import { compile } from '../../src/graph/compile.ts';
import { randomGraph } from '../engine/random-graph.ts';
import { World } from '../engine/world.ts';

/** Progress as its definition says it: a look at every step. */
function lookedAt(state: RunState): number {
  if (state.finished !== null) return 100;
  let ended = 0;
  for (const step of state.steps) {
    if (isSettled(step)) ended += 1;
    else if (step.fan !== null && step.fan.count > 0) ended += step.fan.done / step.fan.count;
  }
  return Math.floor((ended / state.steps.length) * 1000 + 1e-6) / 10;
}

test('parts of fan-outs that make a whole → count as one, in whatever order they are added', () => {
  const fan = (done: number, count: number) => ({ status: 'open', fan: { done, count } });
  const steps = [fan(1, 10), fan(2, 10), fan(7, 10), fan(0, 10)];
  for (const fans of [
    [0, 1, 2, 3],
    [2, 1, 0, 3],
    [2, 0, 1, 3],
  ]) {
    const sectionRemaining = { main: 4, onFailure: 0, finally: 0 };
    const state = { finished: null, startedAt: 1, steps, sectionRemaining };
    expect(progressOf({ fans } as never, state as never)).toBe(25);
  }
});

test('progress from the counts is that of a look at every step, at every moment of any run', () => {
  const behaviour = fc.record({
    retryable: fc.constantFrom(0, 20, 50),
    hard: fc.constantFrom(0, 5, 20),
    seed: fc.nat(1e6),
  });
  const picks = fc.infiniteStream(fc.nat(1000));
  const input = { flag: true, kind: 'a' } as never;
  let moments = 0;
  const property = fc.property(randomGraph, behaviour, picks, (graph, how, pick) => {
    const world = new World(compile(graph), input, how);
    world.step([]);
    for (let moves = 0; moves < 2000; moves += 1) {
      expect(progressOf(world.program, world.state)).toBeCloseTo(lookedAt(world.state), 6);
      moments += 1;
      if (!world.move((count) => (pick.next().value ?? 0) % count)) return;
    }
    throw new Error('the run goes on for ever');
  });
  fc.assert(property, { numRuns: 500 });
  expect(moments).toBeGreaterThan(1000);
});
