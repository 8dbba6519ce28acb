import type { RunState } from '../engine/state.ts';
import type { RunRecord } from '../record/run.ts';
import type { Program } from '../graph/program.ts';

/** A run at hand: its state is that of the facts up to `seq`. */
export interface CachedRun {
  record: RunRecord;
  readonly program: Program;
  readonly state: RunState;
  seq: number;
  /** Loaded from the record just now: what it has under way is not known. */
  isFresh: boolean;
}

/** Run states by id, the least recently used ones dropped first. A hint, never the truth. */
export class RunCache {
  readonly #runs = new Map<string, CachedRun>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(id: string): CachedRun | undefined {
    const run = this.#runs.get(id);
    if (run !== undefined) {
      this.#runs.delete(id);
      this.#runs.set(id, run);
    }
    return run;
  }

  put(run: CachedRun): void {
    this.#runs.set(run.record.id, run);
    if (this.#runs.size <= this.#capacity) return;
    const oldest = this.#runs.keys().next();
    if (oldest.done !== true) this.#runs.delete(oldest.value);
  }

  drop(id: string): void {
    this.#runs.delete(id);
  }

  get size(): number {
    return this.#runs.size;
  }
}
