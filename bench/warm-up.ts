import type { Remote } from './remote.ts';

/** Work that compiles the hot code and fills the pools, so that the first round is like the others. */
export async function warmUp(remote: Remote): Promise<void> {
  for (let n = 0; n < 2; n += 1) await remote.call('throughput', { runs: 500, steps: 10 });
  await remote.call('check');
}
