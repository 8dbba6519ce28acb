/**
 * Synchronous calls of the file system are ten times cheaper than awaited ones, which counts at ten
 * thousand files. They hold everything else up no longer than this at a time, ms.
 */
const SLICE_MS = 10;

/** Divides long synchronous work: `if (slices.isOver) await slices.giveWay()` between its parts. */
export class Slices {
  readonly #signal: AbortSignal;
  #since = performance.now();

  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get isOver(): boolean {
    return performance.now() - this.#since > SLICE_MS;
  }

  /** Throws when the work has been given up meanwhile. */
  async giveWay(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
    this.#signal.throwIfAborted();
    this.#since = performance.now();
  }
}
