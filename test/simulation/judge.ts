import { isSettled } from '../../src/engine/state.ts';
import type { Json } from '../../src/expr/json.ts';
import { NO_ITEM } from '../../src/task/task.ts';
import type { Shadow } from './checker.ts';
import { foretell, type RunEnd } from './foretell.ts';
import type { Simulation } from './simulation.ts';

/**
 * Compares the runs whose end does not depend on time or people with the oracle; returns how many.
 * A run that fails may have come further in one order than in another: its status is compared.
 */
export function judge(simulation: Simulation): number {
  const { checker } = simulation;
  let compared = 0;
  for (const shadow of checker.shadows.values()) {
    const { run, state } = shadow;
    const flow = simulation.flowOf(run.versionId);
    if (!flow.isTimeless || checker.touched.has(run.id) || state.finished === null) continue;
    compared += 1;
    const expected = foretell(flow, run.input, (name) => simulation.scenario.flowNamed(name));
    const wanted = JSON.stringify(expected);
    const got = JSON.stringify(endOf(shadow, expected));
    if (wanted === got) continue;
    checker.broken(`${run.id} ended otherwise than the oracle says: ${got}; expected ${wanted}`);
  }
  return compared;
}

/** A run's end in the oracle's words. */
function endOf({ state, run }: Shadow, expected: RunEnd): Json {
  const status = state.finished?.status ?? run.status;
  if (expected.status === 'failed' || status !== 'completed') return { status };
  const steps = state.steps.map((each) => ({
    status: isSettled(each) ? each.status : 'open',
    skipReason: each.skipReason,
    output: each.status === 'completed' ? each.track.output : null,
    count: each.fan?.count ?? NO_ITEM,
  }));
  return { status, steps, output: state.finished?.output ?? null };
}
