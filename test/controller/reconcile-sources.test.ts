import { expect, test } from 'vitest';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import { noMetrics } from '../../src/controller/controller-metrics.ts';
import type { Clock } from '../../src/controller/ports.ts';
import { startReconciler } from '../../src/controller/reconcile-sources.ts';
import { scratch, write } from '../source/scratch.ts';
import { ReconcileRig, workflow } from './reconcile-rig.ts';
import { quiet } from './rig.ts';

test('a source out of reach → tried after 1, 2, 4, 8 s; back in reach → at its interval', async () => {
  const rig = await ReconcileRig.start();
  const dir = scratch();
  write(dir, { 'a.yaml': workflow('a') });
  const { resolve: real } = rig.source('dir', dir).entry.reader;
  let looks = 0;
  const resolve = async (signal: AbortSignal) => {
    looks += 1;
    if (looks <= 4) throw new Error('out of reach');
    return await real(signal);
  };
  const watch = () => ({ stop: () => Promise.resolve() });
  const { entry, files } = rig.source('dir', dir, { reader: { resolve, watch } });
  const pauses: number[] = [];
  const calm = Promise.withResolvers<void>();
  const clock: Clock = {
    now: () => rig.now,
    sleep: async (ms, signal) => {
      pauses.push(ms);
      if (pauses.length < 5) return;
      calm.resolve();
      await new Promise((stopped) => signal?.addEventListener('abort', stopped));
    },
  };
  const bus = createInProcessBus();
  const loop = { wake: () => undefined };
  const { ledger } = rig.store;
  const parts = { ledger, bus, clock, loop, metrics: noMetrics, log: quiet };
  const reconciler = await startReconciler({ ...parts, sources: [entry], readers: () => files });
  try {
    await calm.promise;
  } finally {
    await reconciler.stop();
    await bus.close();
  }
  for (const [index, expected] of [1000, 2000, 4000, 8000].entries()) {
    expect(Math.abs(pauses[index]! - expected)).toBeLessThanOrEqual(expected * 0.1);
  }
  expect(pauses[4]).toBeGreaterThan(50_000);
  expect(await rig.condition('dir', 'Ready')).toMatchObject({ status: 'True' });
  expect(await rig.events('dir')).toMatchObject([
    { reason: 'FetchFailed', count: 4 },
    { reason: 'Applied', count: 1 },
  ]);
});
