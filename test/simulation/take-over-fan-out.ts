import { sampleGraph } from '../engine/sample-graph.ts';
import { CalmWorld } from './calm-world.ts';
import type { HandedFaults } from './handed-tasks.ts';

/** By then runners know which controllers there are, and report straight to them. */
export const ACQUAINTED_MS = 2000;
export const LONG_MS = 250_000;

/**
 * A fan-out of two items, of which one may run at a time: one is with a runner for long, the other
 * is due for its retry, and a new controller has taken over. `waitMs` is for how long controller and
 * runner have known each other at the start.
 */
export async function takeOverFanOut(
  options: { readonly faults?: HandedFaults; readonly waitMs?: number } = {},
): Promise<{ world: CalmWorld; id: string }> {
  const { faults = {}, waitMs = 0 } = options;
  const retry = { maxAttempts: 3, initialDelayMs: 1000, maxDelayMs: 1000, factor: 1, jitter: 0 };
  const fan = { forEach: '{{ range(2) }}', maxParallel: 1, retry };
  const world = new CalmWorld({ flow: sampleGraph([fan]) }, { faults, isChecked: true });
  const first = world.controller();
  world.runner(1);
  await world.pass(waitMs);
  const id = world.run('flow');
  await world.until(() => world.began.length === 1);
  world.stepMs = LONG_MS;
  await world.until(() => world.began.length === 2);
  first.crash();
  await world.pass(2000);
  world.controller();
  await world.pass(5000);
  return { world, id };
}
