import { describe, expect, test } from 'vitest';
import { advance } from '../../src/controller/advance.ts';
import type { AttemptFact, Fact, ReopenedFact } from '../../src/engine/fact.ts';
import { nextWake } from '../../src/engine/status.ts';
import type { Json } from '../../src/expr/json.ts';
import { compile } from '../../src/graph/compile.ts';
import type { Graph } from '../../src/graph/graph.ts';
import { NO_ITEM, type Outcome } from '../../src/task/task.ts';
import { sampleGraph } from './sample-graph.ts';
import { World } from './world.ts';

const SLOW_RETRY = { maxAttempts: 3, initialDelayMs: 100, maxDelayMs: 1000, factor: 2, jitter: 0 };
const TRANSIENT: Outcome = {
  kind: 'failed',
  error: { class: 'retryable', code: 'transient', message: 'not yet' },
};
const DONE: Outcome = { kind: 'completed', output: null };

function worldOf(graph: Graph, input: Json = {}): World {
  return new World(compile(graph), input, { retryable: 0, hard: 0, seed: 1 });
}

function result(world: World, place: Partial<AttemptFact>): Fact {
  const at = world.now;
  const times = { at, startedAt: at, finishedAt: at, runner: 'r' };
  const ref = { step: 0, item: NO_ITEM, attempt: 1, branch: null, outcome: DONE };
  return { kind: 'attempt', ...times, ...ref, ...place };
}

function reopened(world: World, change: Partial<ReopenedFact>): Fact {
  return { kind: 'reopened', at: world.now, steps: [], cause: 'manual', by: 'me', ...change };
}

/** Single moments that were once wrong, found by the simulation or by reading for it. */
describe('moments of a run', () => {
  test('a cancel is the first that a run hears of → it is cancelled and nothing was sent', () => {
    const world = worldOf(sampleGraph([{}]));
    world.step([{ kind: 'cancelRequested', at: world.now, reason: '', by: 'me' }]);
    expect(world.state.finished?.status).toBe('cancelled');
    expect(world.everSent.size).toBe(0);
  });

  test('a step is parked while conditions are checked for another → it has a next time too', () => {
    const world = worldOf(sampleGraph([{}, {}]));
    world.step([]);
    world.step([result(world, { outcome: TRANSIENT })]);
    world.now += 10_000;
    world.step([]);
    expect(world.resume).toEqual([0]);
    world.step([result(world, { step: 1, outcome: TRANSIENT })]);
    world.step([reopened(world, { steps: [0], cause: 'resume' })]);
    expect(world.state.parked).toBe(1);
    expect(nextWake(world.program, world.state)).toBe(world.now + 10_000);
  });

  test('two controllers resume the same → the second finds the next time set', () => {
    const world = worldOf(sampleGraph([{}]));
    world.step([]);
    world.step([result(world, { outcome: TRANSIENT })]);
    world.now += 10_000;
    const resume = reopened(world, { steps: [0], cause: 'resume' });
    world.step([resume, result(world, { attempt: 2, outcome: TRANSIENT }), resume]);
    expect(world.state.resumes).toBe(1);
  });

  test('the resume conditions hold after the run was cancelled → it stays cancelled', () => {
    const world = worldOf(sampleGraph([{}]));
    world.step([]);
    world.step([result(world, { outcome: TRANSIENT })]);
    world.now += 10_000;
    world.step([{ kind: 'cancelRequested', at: world.now, reason: '', by: 'me' }]);
    const late = world.step([reopened(world, { steps: [0], cause: 'resume' })]);
    expect(late.recorded).toEqual([]);
  });

  test('a retry is due while all places are taken → no time that has passed wakes the run', () => {
    const step = { forEach: '{{ range(2) }}', maxParallel: 1, retry: SLOW_RETRY };
    const world = worldOf(sampleGraph([step]));
    world.step([]);
    world.step([result(world, { item: 0, outcome: TRANSIENT })]);
    expect([...world.sent.values()].map(({ item }) => item)).toEqual([0, 1]);
    world.now += 5000;
    world.step([]);
    expect(nextWake(world.program, world.state)).toBeNull();
    world.step([result(world, { item: 1 })]);
    expect(world.everSent).toContain(`${world.state.identity.id}.0.0.2`);
  });

  test('a fan-out of waits → each ends at its own time', () => {
    const config = { duration: '{{ item }}' };
    const step = { type: 'wait', forEach: '{{ ["2s", "60s"] }}', config };
    const world = worldOf(sampleGraph([step]));
    world.step([]);
    expect(nextWake(world.program, world.state)).toBe(world.now + 2000);
  });

  test('the output template gives null → the output is null', () => {
    const world = worldOf(sampleGraph([{}], { output: '{{ s0.output }}' }));
    world.step([]);
    world.step([result(world, {})]);
    expect(world.state.finished).toMatchObject({ status: 'completed', output: null });
  });

  test('a parked run is retried while another step is under way → that attempt is told to stop', () => {
    const world = worldOf(sampleGraph([{}, {}, {}]));
    world.step([]);
    world.step([result(world, { outcome: TRANSIENT })]);
    const again = world.step([reopened(world, { steps: [1] })]);
    expect(again.cancels).toEqual([{ ref: { step: 1, item: NO_ITEM, attempt: 1 }, child: false }]);
    expect(again.tasks.map(({ step, attempt }) => ({ step, attempt }))).toEqual([
      { step: 0, attempt: 2 },
      { step: 1, attempt: 2 },
    ]);
  });

  test('a failed fan-out is retried with another input → its list is made anew, also in a replay', () => {
    const graph = sampleGraph([{ forEach: '{{ input.list }}', config: { value: '{{ item }}' } }]);
    const world = worldOf(graph, { list: ['a', 'b'] });
    world.step([]);
    const hard = { class: 'hard', code: 'code', message: 'no' } as const;
    world.step([result(world, { item: 0, outcome: { kind: 'failed', error: hard } })]);
    world.step([result(world, { item: 1 })]);
    const again = world.step([reopened(world, { input: { list: ['c', 'd', 'e'] } })]);
    const configs = again.tasks.map(({ config }) => config);
    expect(configs).toEqual([{ value: 'c' }, { value: 'd' }, { value: 'e' }]);
    const replayed = advance(world.program, world.replayed(), { facts: [], now: world.now });
    expect(replayed.tasks).toEqual(again.tasks);
  });
});
