import { describe, expect, test } from 'vitest';
import type { Step } from '../../src/graph/graph.ts';
import { sampleGraph } from '../engine/sample-graph.ts';
import { CalmWorld } from './calm-world.ts';
import type { HandedFaults } from './handed-tasks.ts';
import { ACQUAINTED_MS, LONG_MS, takeOverFanOut } from './take-over-fan-out.ts';

const second: Partial<Step> = { needs: [{ from: 0, branch: null }] };
/** Two runs, whose second steps have come straight to a runner and are under way there for long. */
async function withHandedTasks(faults: HandedFaults) {
  const flow = sampleGraph([{}, second]);
  const world = new CalmWorld({ flow }, { faults, isChecked: true });
  const controller = world.controller();
  const runner = world.runner();
  await world.pass(ACQUAINTED_MS);
  const runs = [world.run('flow'), world.run('flow')];
  expect(await world.until(() => world.began.length === 2)).toBe(true);
  world.stepMs = LONG_MS;
  expect(await world.until(() => world.began.length === 4)).toBe(true);
  expect(world.transport.handed.counts.handed).toBeGreaterThan(0);
  return { world, controller, runner, runs };
}

/** How many of the runs have ended, some seconds after the runner with their tasks has died. */
async function endedWithoutRunner(faults: HandedFaults): Promise<number> {
  const { world, runner, runs } = await withHandedTasks(faults);
  runner.crash();
  world.stepMs = 0;
  world.runner();
  // Less than until the next recheck of everything.
  await world.pass(15_000);
  expect(world.checker.violations).toEqual([]);
  const ended = runs.filter((id) => world.store.run(id)?.status === 'completed').length;
  expect(world.transport.handed.counts.handedAgain > 0).toBe(ended === runs.length);
  return ended;
}

/** Attempts after the controller that handed the tasks over was replaced. */
async function begunWithoutController(faults: HandedFaults): Promise<readonly string[]> {
  const { world, controller } = await withHandedTasks(faults);
  // A task that came to the same runner again would not be begun again.
  for (let more = 0; more < 8; more += 1) world.runner();
  controller.crash();
  world.controller();
  await world.pass(10_000);
  expect(world.checker.violations).toEqual([]);
  return world.began;
}

describe('tasks that go straight to the runner whose report led to them', () => {
  test('many runs, all is well → some tasks went straight, and nothing is held in the end', async () => {
    const world = new CalmWorld({ flow: sampleGraph([{}, second]) });
    world.controller();
    world.runner();
    await world.pass(ACQUAINTED_MS);
    const runs = Array.from({ length: 20 }, () => world.run('flow'));
    for (const id of runs) expect(await world.ends(id)).toBe(true);
    expect(world.transport.handed.counts.handed).toBeGreaterThan(5);
    expect(await world.until(() => world.transport.isEmpty)).toBe(true);
    expect(world.began.length).toBe(40);
  });

  test('the runner dies → its tasks go to another one within seconds', async () => {
    expect(await endedWithoutRunner({})).toBe(2);
  });

  test('… planted: a dead runner is believed for ever → they do not', async () => {
    expect(await endedWithoutRunner({ believesForEver: true })).toBeLessThan(2);
  });

  test('the controller is replaced → the next one hears of the tasks, and doubles none', async () => {
    expect(await begunWithoutController({})).toHaveLength(4);
  });

  test('… planted: runners are not asked → tasks under way are doubled', async () => {
    expect((await begunWithoutController({ asksNobody: true })).length).toBeGreaterThan(4);
  });

  test('the controller of a fan-out is replaced → its handed item takes its place', async () => {
    const { world } = await takeOverFanOut({ waitMs: ACQUAINTED_MS });
    expect(world.transport.handed.counts.handed).toBe(1);
    expect(world.began).toEqual(['0.0.1', '0.1.1']);
    expect(world.checker.violations).toEqual([]);
  });

  test('… planted: runners are not asked → more items than maxParallel', async () => {
    const { world } = await takeOverFanOut({
      waitMs: ACQUAINTED_MS,
      faults: { asksNobody: true },
    });
    expect(world.began).toContain('0.0.2');
    expect(world.checker.violations.join()).toMatch(/items at once/);
  });
});
