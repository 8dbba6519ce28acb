import type { Clock, Log } from './ports.ts';

export interface Periodic {
  readonly name: string;
  readonly everyMs: number;
  readonly work: () => Promise<void>;
}

/** What failed is tried again this soon, or in its usual time if that comes first. */
const RETRY_MS = 1_000;

/**
 * Does some work again and again, the first time at once, until stopped. Work that fails is logged
 * once and again when it succeeds, and tried soon: what it would have found has waited long enough.
 */
export class Every {
  readonly #abort = new AbortController();
  readonly #running: Promise<void>;

  constructor(clock: Clock, log: Log, periodic: Periodic) {
    this.#running = this.#run(clock, log, periodic);
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    await this.#running;
  }

  async #run(clock: Clock, log: Log, { name, everyMs, work }: Periodic): Promise<void> {
    const { signal } = this.#abort;
    let failures = 0;
    while (!signal.aborted) {
      try {
        await work();
        if (failures > 0) log.info('controller.periodic_recovered', { name, failures });
        failures = 0;
      } catch (error) {
        failures += 1;
        if (failures === 1) log.warn('controller.periodic_failed', { name, error });
      }
      await clock.sleep(failures === 0 ? everyMs : Math.min(everyMs, RETRY_MS), signal);
    }
  }
}
