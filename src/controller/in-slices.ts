/** Long enough to get somewhere, short enough that leases, timers and requests do not wait, ms. */
const SLICE_MS = 15;

/** Carries long work out a slice at a time, letting everything else have its turn in between. */
export async function inSlices<T>(work: Iterator<void, T, void>, signal: AbortSignal): Promise<T> {
  let began = performance.now();
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    if (performance.now() - began < SLICE_MS) continue;
    await new Promise((resume) => setImmediate(resume));
    signal.throwIfAborted();
    began = performance.now();
  }
}
