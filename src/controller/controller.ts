import type { BlobStore, Bus, Consumer } from '../bus/bus.ts';
import { consumeActivity } from './activity-sink.ts';
import { Every } from './every.ts';
import type { Clock, Ledger, Log, Probes } from './ports.ts';
import { RunLoop } from './run-loop.ts';
import { type ReconcilerOptions, startReconciler } from './reconcile-sources.ts';
import { sweeps } from './sweep.ts';

export interface ControllerOptions extends Pick<ReconcilerOptions, 'sources' | 'readers'> {
  readonly ledger: Ledger;
  /** What the bus serves to processes without a database. */
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly probes: Probes;
  /** Run states kept in memory. Default 5000. */
  readonly cacheRuns?: number;
  /** Checkpoints taken but not yet recorded. Default 2000. */
  readonly maxInFlight?: number;
  /** Default 30 s. */
  readonly recheckMs?: number;
}

/**
 * Starts a controller: it advances runs, keeps their timers, repairs what was lost, and reconciles
 * the sources. Any number of them may run side by side on one ledger and bus.
 */
export async function startController(options: ControllerOptions): Promise<Consumer> {
  const { ledger, bus, clock, log } = options;
  const maxInFlight = options.maxInFlight ?? 2000;
  const loop = new RunLoop({ ...options, maxInFlight, cacheRuns: options.cacheRuns ?? 5000 });
  const started: Stoppable[] = [loop];
  const stop = async () => {
    // The loop ends last: what the others still hand to it is recorded.
    const [first, ...rest] = started.splice(0);
    await Promise.all(rest.map((each) => each.stop()));
    await first?.stop();
  };
  try {
    await loop.start();
    const parts = { ledger, bus, clock, loop, recheckMs: options.recheckMs ?? 30_000 };
    started.push(...sweeps(parts).map((each) => new Every(clock, log, each)));
    started.push(await bus.serveBlobs(options.blobs));
    started.push(await consumeActivity({ bus, ledger, clock, log, maxInFlight }));
    started.push(await startReconciler({ ...options, loop }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

type Stoppable = Pick<Consumer, 'stop'>;
