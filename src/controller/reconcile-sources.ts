import type { Bus, Consumer } from '../bus/bus.ts';
import { retryDelayMs } from '../engine/backoff.ts';
import { hash32 } from '../engine/hash.ts';
import type { ControllerMetrics } from './controller-metrics.ts';
import { Outage } from './outage.ts';
import type { Clock, Ledger, Log, SourceEntry } from './ports.ts';
import { type FileReader, type LookOutcome, reconcile } from './reconcile.ts';

export interface ReconcilerOptions {
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly sources: readonly SourceEntry[];
  /** Makes the reader that one source keeps. */
  readonly readers: () => FileReader;
  readonly metrics: ControllerMetrics;
  readonly loop: { wake(runIds: readonly string[], hasRequests: boolean): void };
}

/** Failing sources are tried again after 1 s, 2 s, 4 s … up to 15 min, as Flux does. */
const BACKOFF = {
  maxAttempts: Infinity,
  initialDelayMs: 1000,
  maxDelayMs: 900_000,
  factor: 2,
  jitter: 0.1,
};
/** Each interval is spread by this part, so that many sources do not meet. */
const JITTER = 0.1;

/** Keeps each source reconciled: at its interval, when it changes, when somebody asks. */
export async function startReconciler(options: ReconcilerOptions): Promise<Consumer> {
  const loops = options.sources.map((entry) => new SourceLoop(options, entry));
  const signal = options.bus.onSignal('reconcile', ({ source }) => {
    for (const loop of loops) if (source === loop.name) loop.look();
  });
  return {
    stop: async () => {
      await signal.stop();
      await Promise.all(loops.map((loop) => loop.stop()));
    },
  };
}

/** One source: a look at a time; whatever comes during one leads to one more. */
class SourceLoop {
  readonly name: string;
  readonly #options: ReconcilerOptions;
  readonly #entry: SourceEntry;
  readonly #files: FileReader;
  readonly #abort = new AbortController();
  readonly #watch: Consumer;
  readonly #running: Promise<void>;
  #wake: () => void = () => undefined;
  #isAsked = true;
  /** Whether only the watch has asked: then what it told of is enough. */
  #isOnlyTold = false;
  /** When all of the source was looked at, which happens at every interval whatever is told. */
  #sawAllAt = -Infinity;
  #failures = 0;
  /** Of the ledger; no fault of the source, which is looked at as soon as the ledger is back. */
  readonly #outage: Outage;
  #awayMs = Infinity;

  constructor(options: ReconcilerOptions, entry: SourceEntry) {
    this.name = entry.name;
    this.#options = options;
    this.#entry = entry;
    this.#files = options.readers();
    const { clock, log } = options;
    this.#outage = new Outage({ clock, log, name: 'source.reconcile' });
    this.#watch = entry.reader.watch(() => this.#onTold());
    this.#running = this.#run();
  }

  /** Looks at all of the source. */
  look(): void {
    this.#isOnlyTold = false;
    this.#isAsked = true;
    this.#wake();
  }

  #onTold(): void {
    if (!this.#isAsked) this.#isOnlyTold = true;
    this.#isAsked = true;
    this.#wake();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#wake();
    await this.#watch.stop();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { signal } = this.#abort;
    while (!signal.aborted) {
      const outcome = await this.#lookOnce(this.#extent());
      this.#failures = outcome === 'fetch_failed' ? this.#failures + 1 : 0;
      if (!this.#isAsked && !signal.aborted) await this.#pause();
    }
  }

  /** Of the look that begins now. */
  #extent(): 'all' | 'told' {
    const { clock } = this.#options;
    const isDue = clock.now() - this.#sawAllAt >= this.#entry.intervalMs;
    const extent = this.#isAsked && this.#isOnlyTold && !isDue ? 'told' : 'all';
    this.#isAsked = false;
    this.#isOnlyTold = false;
    if (extent === 'all') this.#sawAllAt = clock.now();
    return extent;
  }

  async #lookOnce(extent: 'all' | 'told'): Promise<LookOutcome> {
    const { ledger } = this.#options;
    this.#awayMs = Infinity;
    try {
      const source = { entry: this.#entry, files: this.#files, extent };
      const look = () => this.#measured(reconcile(this.#options, source, this.#abort.signal));
      // Another controller at the same source will have come to the same end.
      const outcome = (await ledger.withLock(`source:${this.name}`, look)) ?? 'unchanged';
      this.#outage.succeeded();
      return outcome;
    } catch (error) {
      if (!this.#abort.signal.aborted) this.#awayMs = this.#outage.failed(error, 1);
      return 'unchanged';
    }
  }

  async #measured(look: Promise<LookOutcome>): Promise<LookOutcome> {
    const began = performance.now();
    const outcome = await look;
    this.#options.metrics.reconciled(this.name, outcome, performance.now() - began);
    return outcome;
  }

  async #pause(): Promise<void> {
    const sleep = new AbortController();
    this.#wake = () => sleep.abort();
    const { intervalMs } = this.#entry;
    await this.#options.clock.sleep(
      Math.min(this.#backoffMs(), this.#awayMs, jittered(intervalMs, this.name)),
      sleep.signal,
    );
    this.#wake = () => undefined;
  }

  #backoffMs(): number {
    if (this.#failures === 0) return Infinity;
    const error = { class: 'retryable', code: 'transient', message: '' } as const;
    return retryDelayMs(BACKOFF, { spent: this.#failures, error, key: this.name });
  }
}

function jittered(intervalMs: number, name: string): number {
  return intervalMs * (1 + ((hash32(name) / 0xffffffff) * 2 - 1) * JITTER);
}
