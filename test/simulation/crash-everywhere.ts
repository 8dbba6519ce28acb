import type { Role } from './crew.ts';
import { type Planted, type Report, simulate } from './simulation.ts';

export interface Sweep {
  /** Places at which the process died. */
  readonly points: number;
  readonly reports: readonly Report[];
}

/**
 * Plays a calm history again and again; each time the first process of a role dies before another
 * of its operations, from the first one on, until it lives to the end. `step` leaves some out.
 */
export async function crashEverywhere(
  seed: number,
  role: Role,
  options: { readonly step?: number; readonly planted?: Planted } = {},
): Promise<Sweep> {
  const { step = 1, planted = {} } = options;
  const play = (operation: number) =>
    simulate(seed, { runs: 2, planted, crash: { role, operation } });
  const { operations } = await play(Infinity);
  const reports: Report[] = [];
  for (let operation = 0; operation < operations; operation += step) {
    reports.push(await play(operation));
  }
  return { points: reports.length, reports };
}
