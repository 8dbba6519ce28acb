import type { Attempt } from './attempt.ts';

/**
 * Finished attempts that may wait, however small. A runner with a thousand runs has twice as many for a
 * moment: the next task of each comes, and may end, before the answer to the last report.
 */
const MOST = 2_000;
/** Of their outputs, about. */
const MOST_BYTES = 16 * 1024 * 1024;

/**
 * Finished attempts whose checkpoints are not recorded yet. They keep nobody from working, until
 * they pile up because the ledger is slower than the steps.
 */
export class Unrecorded {
  readonly #bytes = new Map<Attempt, number>();
  readonly #most: number;
  #total = 0;

  constructor(concurrency: number) {
    this.#most = Math.max(MOST, 2 * concurrency);
  }

  /** Whether it may leave its place to another. */
  add(attempt: Attempt, bytes: number): boolean {
    this.#bytes.set(attempt, bytes);
    this.#total += bytes;
    return this.#bytes.size <= this.#most && this.#total <= MOST_BYTES;
  }

  remove(attempt: Attempt): void {
    this.#total -= this.#bytes.get(attempt) ?? 0;
    this.#bytes.delete(attempt);
  }
}
