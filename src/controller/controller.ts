import type { BlobStore, Bus, Consumer } from '../bus/bus.ts';
import { consumeActivity } from './activity-sink.ts';
import { type ControllerMetrics, noMetrics } from './controller-metrics.ts';
import { Every } from './every.ts';
import type { Clock, Ledger, Log, Probes } from './ports.ts';
import { recheckAfterLoss } from './recheck-after-loss.ts';
import { RunLoop } from './run-loop.ts';
import { type ReconcilerOptions, startReconciler } from './reconcile-sources.ts';
import { StuckRuns } from './stuck-runs.ts';
import { sweeps } from './sweep.ts';

export interface ControllerOptions extends Pick<ReconcilerOptions, 'sources' | 'readers'> {
  readonly ledger: Ledger;
  /** What the bus serves to processes without a database. */
  readonly blobs: BlobStore;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly probes: Probes;
  /** Default: nobody listens. */
  readonly metrics?: ControllerMetrics;
  /** Run states kept in memory. Default 5000. */
  readonly cacheRuns?: number;
  /** Checkpoints taken but not yet recorded. Default 2000. */
  readonly maxInFlight?: number;
  /** Default 30 s. */
  readonly recheckMs?: number;
}

/** How often stuck runs are counted, ms. */
const STUCK_MS = 5000;

/**
 * Starts a controller: it advances runs, keeps their timers, repairs what was lost, and reconciles
 * the sources. Any number of them may run side by side on one ledger and bus.
 */
export async function startController(options: ControllerOptions): Promise<Consumer> {
  const { ledger, bus, clock, log } = options;
  const maxInFlight = options.maxInFlight ?? 2000;
  const { metrics = noMetrics, recheckMs = 30_000, cacheRuns = 5000 } = options;
  const stuck = new StuckRuns(recheckMs);
  const loop = new RunLoop({ ...options, maxInFlight, cacheRuns, metrics, stuck });
  const started: Stoppable[] = [loop];
  const stop = async () => {
    // The loop ends last: until then it takes what the others hand to it.
    const [first, ...rest] = started.splice(0);
    await Promise.all(rest.map((each) => each.stop()));
    await first?.stop();
  };
  try {
    await loop.start();
    const countStuck = () => Promise.resolve(metrics.stuckRuns(stuck.count(clock.now())));
    const counting = { name: 'stuck', everyMs: STUCK_MS, work: countStuck };
    const periodic = sweeps({ ledger, bus, clock, loop, recheckMs });
    if (options.metrics !== undefined) periodic.push(counting);
    started.push(...periodic.map((each) => new Every(clock, log, each)));
    started.push(recheckAfterLoss({ ledger, bus, clock, loop, recheckMs, log }));
    started.push(await bus.serveBlobs(options.blobs));
    started.push(await consumeActivity({ bus, ledger, clock, log, maxInFlight }));
    started.push(await startReconciler({ ...options, loop, metrics }));
  } catch (error) {
    await stop();
    throw error;
  }
  return { stop };
}

type Stoppable = Pick<Consumer, 'stop'>;
