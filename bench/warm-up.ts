import type { Remote } from './remote.ts';

/**
 * Work that compiles the hot code and fills the pools, so that the first round is like the others:
 * after 10,000 steps the next five rounds still grew by a fifth.
 */
export async function warmUp(remote: Remote): Promise<void> {
  for (let n = 0; n < 10; n += 1) await remote.call('throughput', { runs: 1000, steps: 10 });
  await remote.call('check');
}
