import type { Clock, Log } from './ports.ts';

export interface Periodic {
  readonly name: string;
  readonly everyMs: number;
  readonly work: () => Promise<void>;
}

/** Does some work again and again, the first time at once, until stopped. Errors are logged. */
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
    while (!signal.aborted) {
      try {
        await work();
      } catch (error) {
        log.warn('controller.periodic_failed', { name, error });
      }
      await clock.sleep(everyMs, signal);
    }
  }
}
