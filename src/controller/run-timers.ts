/** Node's timers wrap above this many ms. */
const LONGEST_MS = 2 ** 31 - 1;

/**
 * Wakes runs at their time, to the millisecond, while this process lives. Missed ones are found
 * in the ledger by the sweep.
 */
export class RunTimers {
  readonly #timers = new Map<string, NodeJS.Timeout>();
  readonly #wake: (runId: string) => void;

  constructor(wake: (runId: string) => void) {
    this.#wake = wake;
  }

  /** Replaces the run's timer; null only clears it. */
  set(runId: string, delayMs: number | null): void {
    const timer = this.#timers.get(runId);
    if (timer !== undefined) clearTimeout(timer);
    this.#timers.delete(runId);
    if (delayMs === null) return;
    const fire = () => {
      this.#timers.delete(runId);
      this.#wake(runId);
    };
    const next = setTimeout(fire, Math.min(Math.max(delayMs, 0), LONGEST_MS));
    next.unref();
    this.#timers.set(runId, next);
  }

  stop(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
  }
}
