import type { Log } from './ports.ts';

/**
 * One line of work: takes all that has queued up while the last batch was under way, so batches
 * grow with the load and nothing lingers when idle.
 */
export class Lane<T> {
  readonly #process: (batch: readonly T[]) => Promise<void>;
  readonly #maxBatch: number;
  readonly #log: Log;
  #queue: T[] = [];
  #current: Promise<void> | null = null;
  #isStopped = false;

  constructor(options: {
    process: (batch: readonly T[]) => Promise<void>;
    maxBatch: number;
    log: Log;
  }) {
    this.#process = options.process;
    this.#maxBatch = options.maxBatch;
    this.#log = options.log;
  }

  get length(): number {
    return this.#queue.length;
  }

  push(item: T): void {
    if (this.#isStopped) return;
    this.#queue.push(item);
    this.#current ??= this.#drain();
  }

  /** Finishes the batch under way; resolves to what was queued. */
  async stop(): Promise<readonly T[]> {
    this.#isStopped = true;
    const left = this.#queue.splice(0);
    await this.#current;
    return left;
  }

  async #drain(): Promise<void> {
    // Let whatever arrives in this turn of the event loop come along.
    await Promise.resolve();
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, this.#maxBatch);
      try {
        await this.#process(batch);
      } catch (error) {
        this.#log.error('controller.batch_failed', { error, size: batch.length });
      }
    }
    this.#current = null;
  }
}
