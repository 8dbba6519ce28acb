import type { CachedRun } from './run-cache.ts';

/** How long a run may stand with nothing under way and nothing to wait for, ms. */
const PATIENCE_MS = 60_000;

interface Idle {
  readonly seq: number;
  /** When it was first seen so. */
  readonly since: number;
  seenAt: number;
}

/**
 * Runs that should have moved and did not: unfinished, nothing under way, no time to wait for, or
 * impossible to load. There must be none; every one is a defect of ours.
 */
export class StuckRuns {
  readonly #idle = new Map<string, Idle>();
  readonly #forgetMs: number;

  /** `recheckMs` is how often each unfinished run comes by. */
  constructor(recheckMs: number) {
    this.#forgetMs = recheckMs * 3;
  }

  /** A run has come by, and has been moved as far as it goes. */
  note({ record, state, seq }: CachedRun, now: number): void {
    const waits = record.wakeAt !== null && record.wakeAt > now;
    if (state.finished !== null || state.dispatched > 0 || waits) this.#idle.delete(record.id);
    else this.#see(record.id, seq, now);
  }

  /** A run has come by that cannot be loaded or moved. */
  noteBroken(runId: string, now: number): void {
    this.#see(runId, -1, now);
  }

  /** Another controller may have finished what this one saw: it does not come by any more. */
  count(now: number): number {
    let count = 0;
    for (const [runId, idle] of this.#idle) {
      if (now - idle.seenAt > this.#forgetMs) this.#idle.delete(runId);
      else if (now - idle.since >= PATIENCE_MS) count += 1;
    }
    return count;
  }

  #see(runId: string, seq: number, now: number): void {
    const before = this.#idle.get(runId);
    if (before?.seq === seq) before.seenAt = now;
    else this.#idle.set(runId, { seq, since: now, seenAt: now });
  }
}
