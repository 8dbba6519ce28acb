import type { Bus } from '../../src/bus/bus.ts';
import { type ControllerOptions, startController } from '../../src/controller/controller.ts';
import type { Clock, Log, Probes } from '../../src/controller/ports.ts';
import { MemoryLedger } from './memory-ledger.ts';

export interface SimulatedControllerParts {
  readonly ledger: MemoryLedger;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly probes: Probes;
  readonly sources?: ControllerOptions['sources'];
  readonly readers?: ControllerOptions['readers'];
  readonly cacheRuns: number;
  readonly recheckMs: number;
}

/** The real controller, with few works in flight. */
export function startSimulatedController(
  parts: SimulatedControllerParts,
): Promise<{ stop(): Promise<void> }> {
  const readers = () => {
    throw new Error('there are no sources to read');
  };
  const defaults = { sources: [], readers, maxInFlight: 20 };
  return startController({ ...defaults, ...parts, blobs: parts.ledger });
}

/** A ledger in which no sweep finds anything: only for the test of the test. */
export class BlindLedger extends MemoryLedger {
  override dueRuns = none;
  override neglectedRuns = none;
  override unfinishedRuns = none;
  override orphanedChildren = none;
}

function none(): Promise<never[]> {
  return Promise.resolve([]);
}
