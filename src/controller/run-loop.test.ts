import { expect, test, vi } from 'vitest';
import { RunLoop } from './run-loop.ts';

test('runs are to be looked at → ours here, the others by the controller that they belong to', async () => {
  const broadcast = vi.fn();
  const loadRuns = vi.fn(() => Promise.resolve({ runs: [], facts: [], requests: [] }));
  const loop = new RunLoop({
    ledger: { loadRuns },
    bus: { isOurs: (id: string) => id === 'ours', broadcast },
    clock: { now: () => 0, sleep: () => new Promise(() => undefined) },
    log: { warn: () => undefined, error: () => undefined, info: () => undefined },
    metrics: {},
    stuck: {},
    cacheRuns: 1,
    maxInFlight: 1,
  } as never);
  loop.wake(['theirs', 'ours'], true);
  await vi.waitFor(() => expect(loadRuns).toHaveBeenCalled());
  expect(broadcast.mock.calls).toEqual([[{ kind: 'nudge', runIds: ['theirs'] }]]);
  expect(JSON.stringify(loadRuns.mock.calls)).toContain('ours');
  expect(JSON.stringify(loadRuns.mock.calls)).not.toContain('theirs');
});
