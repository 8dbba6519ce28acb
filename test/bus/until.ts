import { setTimeout as sleep } from 'node:timers/promises';

/** Waits for a condition, looking often; fails by name when it never comes true. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  timeoutMs = 10_000,
): Promise<void> {
  const giveUpAt = performance.now() + timeoutMs;
  while (!(await condition())) {
    if (performance.now() > giveUpAt) {
      throw new Error(`not true within ${timeoutMs} ms: ${condition.toString()}`);
    }
    await sleep(5);
  }
}
