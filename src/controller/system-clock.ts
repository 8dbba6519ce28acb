import type { Clock } from './ports.ts';

/** Node's timers wrap above this many ms. */
const LONGEST_MS = 2 ** 31 - 1;

/** The real clock. Its sleeps do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: async (ms, signal) => {
    let left = ms;
    while (left > 0 && signal?.aborted !== true) {
      const part = Math.min(left, LONGEST_MS);
      await nap(part, signal);
      left -= part;
    }
  },
};

function nap(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal?.addEventListener('abort', end, { once: true });
  });
}
