import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for what `probe` gives, other than undefined; says what it last met when it never does. */
export async function until<T>(
  what: string,
  probe: () => Promise<T | undefined>,
  { timeoutMs = 30_000, everyMs = 50 }: { timeoutMs?: number; everyMs?: number } = {},
): Promise<T> {
  const end = performance.now() + timeoutMs;
  let last: unknown = 'no answer';
  while (performance.now() < end) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await sleep(everyMs);
  }
  throw new Error(`${what}: not within ${timeoutMs} ms; last: ${String(last)}`);
}
