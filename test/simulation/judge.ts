import { World } from '../engine/world.ts';
import type { Simulation } from './simulation.ts';

/**
 * Compares the runs whose end does not depend on time or people with the oracle; returns how many.
 * A run that fails may have come further in one order than in another: its status is compared.
 */
export function judge(simulation: Simulation, runIds: ReadonlyMap<number, string>): number {
  const { scenario, oracle, checker } = simulation;
  let compared = 0;
  scenario.runs.forEach((run, index) => {
    const shadow = checker.shadows.get(runIds.get(index) ?? '');
    if (!run.flow.isTimeless || run.requests.length > 0 || shadow === undefined) return;
    if (shadow.state.finished === null) return;
    compared += 1;
    const expected = oracle.end(run.flow.name, run.input);
    const found = shadow.state;
    const isFailed = expected.finished?.status !== 'completed';
    const wanted = JSON.stringify(isFailed ? expected.finished?.status : World.face(expected));
    const got = JSON.stringify(isFailed ? found.finished?.status : World.face(found));
    if (wanted !== got) {
      checker.broken(
        `${shadow.run.id} ended otherwise than in a calm world: ${got}; expected ${wanted}`,
      );
    }
  });
  return compared;
}
