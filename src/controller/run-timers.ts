import type { Clock } from './ports.ts';

/**
 * Wakes runs at their time, to the millisecond, while this process lives. Missed ones are found
 * in the ledger by the sweep.
 */
export class RunTimers {
  readonly #timers = new Map<string, AbortController>();
  readonly #clock: Clock;
  readonly #wake: (runId: string) => void;

  constructor(clock: Clock, wake: (runId: string) => void) {
    this.#clock = clock;
    this.#wake = wake;
  }

  /** Replaces the run's timer; null only clears it. */
  set(runId: string, wakeAt: number | null): void {
    this.#timers.get(runId)?.abort();
    this.#timers.delete(runId);
    if (wakeAt !== null) void this.#wait(runId, wakeAt);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.abort();
    this.#timers.clear();
  }

  async #wait(runId: string, wakeAt: number): Promise<void> {
    const timer = new AbortController();
    this.#timers.set(runId, timer);
    await this.#clock.sleep(Math.max(0, wakeAt - this.#clock.now()), timer.signal);
    if (timer.signal.aborted) return;
    this.#timers.delete(runId);
    this.#wake(runId);
  }
}
