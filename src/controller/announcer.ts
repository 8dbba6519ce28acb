import type { Bus } from '../bus/bus.ts';
import type { Clock } from './ports.ts';

/**
 * Between two announcements of runs that go on, ms: sooner than anybody sees. Each wakes every
 * process that watches, which for a run of quick steps costs as much as a tenth of the run.
 */
const PAUSE_MS = 10;

/** Tells watchers which runs have news: of an end at once, of the rest at most so often. */
export class Announcer {
  readonly #bus: Pick<Bus, 'broadcast'>;
  readonly #clock: Clock;
  #changed = new Set<string>();
  #ended: string[] = [];
  #saidAt = -Infinity;
  #isDue = false;

  constructor({ bus, clock }: { readonly bus: Pick<Bus, 'broadcast'>; readonly clock: Clock }) {
    this.#bus = bus;
    this.#clock = clock;
  }

  /** `ended` are those of them that have come to their end. */
  changed(runIds: readonly string[], ended: readonly string[]): void {
    if (runIds.length === 0) return;
    for (const runId of runIds) this.#changed.add(runId);
    this.#ended.push(...ended);
    const leftMs = this.#saidAt + PAUSE_MS - this.#clock.now();
    if (ended.length > 0 || leftMs <= 0) this.flush();
    // At most that, should the clock be set back.
    else if (!this.#isDue) void this.#flushIn(Math.min(PAUSE_MS, leftMs));
  }

  /** Says at once what is left to say. */
  flush(): void {
    if (this.#changed.size === 0) return;
    const [runIds, ended] = [[...this.#changed], this.#ended];
    this.#changed = new Set();
    this.#ended = [];
    this.#saidAt = this.#clock.now();
    this.#bus.broadcast({ kind: 'changed', runIds, ended });
  }

  async #flushIn(ms: number): Promise<void> {
    this.#isDue = true;
    await this.#clock.sleep(ms).catch(() => undefined); // The clock stopped: so did we.
    this.#isDue = false;
    this.flush();
  }
}
