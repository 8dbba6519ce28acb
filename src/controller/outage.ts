import type { Clock, Log } from './ports.ts';

const FIRST_DELAY_MS = 100;
/** How long after its return at most the other side is tried again. */
const LONGEST_DELAY_MS = 3_000;
/** Different errors of one outage that are worth a line each. */
const MOST_MESSAGES = 5;

/**
 * A time during which something that we depend on fails. It is logged when it begins and when it
 * ends, not for each failure in between, and says how long to wait: as long again as it has lasted,
 * so that repetitions double their distance however many callers fail at once.
 */
export class Outage {
  readonly #clock: Clock;
  readonly #log: Log;
  /** What is away; begins the names of the events. */
  readonly #name: string;
  readonly #messages = new Set<string>();
  #since: number | null = null;
  #failures = 0;
  #works = 0;

  constructor(parts: { clock: Clock; log: Log; name: string }) {
    this.#clock = parts.clock;
    this.#log = parts.log;
    this.#name = parts.name;
  }

  /** Another failure, which concerned so many works. Returns the time to wait, ms. */
  failed(error: unknown, works: number): number {
    const now = this.#clock.now();
    this.#since ??= now;
    this.#failures += 1;
    this.#works += works;
    const message = error instanceof Error ? error.message : String(error);
    if (!this.#messages.has(message) && this.#messages.size < MOST_MESSAGES) {
      this.#messages.add(message);
      this.#log.error(`${this.#name}.failing`, { error, works });
    }
    return Math.min(LONGEST_DELAY_MS, Math.max(FIRST_DELAY_MS, now - this.#since));
  }

  succeeded(): void {
    if (this.#since === null) return;
    const forMs = this.#clock.now() - this.#since;
    const fields = { forMs, failures: this.#failures, works: this.#works };
    this.#log.info(`${this.#name}.recovered`, fields);
    this.#messages.clear();
    this.#since = null;
    this.#failures = 0;
    this.#works = 0;
  }
}
