import type { Bus } from '../../src/bus/bus.ts';
import { Every } from '../../src/controller/every.ts';
import type { Clock, Ledger, Log, Probes } from '../../src/controller/ports.ts';
import { RunLoop } from '../../src/controller/run-loop.ts';
import { sweeps } from '../../src/controller/sweep.ts';

export interface SimulatedControllerParts {
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly probes: Probes;
  readonly cacheRuns: number;
  readonly recheckMs: number;
  /** Off only in the test of the test. */
  readonly hasSweeps: boolean;
}

/** A controller as startController makes it, without sources and activity. */
export async function startSimulatedController(
  parts: SimulatedControllerParts,
): Promise<{ stop(): Promise<void> }> {
  const { ledger, bus, clock, log, recheckMs, hasSweeps } = parts;
  const loop = new RunLoop({ ...parts, maxInFlight: 20 });
  await loop.start();
  const wanted = hasSweeps ? sweeps({ ledger, bus, clock, loop, recheckMs }) : [];
  const periodic = wanted.map((each) => new Every(clock, log, each));
  const stop = async () => {
    await Promise.all(periodic.map((each) => each.stop()));
    await loop.stop();
  };
  return { stop };
}
