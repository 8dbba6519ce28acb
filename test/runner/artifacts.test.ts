import { expect, test } from 'vitest';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import type { Json } from '../../src/expr/json.ts';
import type { StepContext } from '../../src/nodes/node-type.ts';
import { digestOf } from '../../src/bus/subjects.ts';
import { memoryBlobs } from '../bus/memory-blobs.ts';
import { nodeType } from './fake-node.ts';
import { stage, type Stage } from './fixture.ts';

async function stageOf(execute: (context: StepContext) => Promise<Json>, withBlobs = true) {
  const bus = createInProcessBus({ freeze: true });
  const blobs = memoryBlobs();
  if (withBlobs) await bus.serveBlobs(blobs);
  const secrets = (name: string) => (name === 'key' ? 's3cr3t-value' : undefined);
  const on: Stage = await stage([nodeType('act', (context) => execute(context))], { bus, secrets });
  return { on, blobs };
}

test('what a step stores → the controller keeps it, and another step loads it', async () => {
  const { on, blobs } = await stageOf(async (context) => {
    const digest = await context.storeBlob(Buffer.from('kept'));
    return { digest, text: Buffer.from(await context.loadBlob(digest)).toString() };
  });
  const digest = digestOf(Buffer.from('kept'));
  const { outcome } = await on.run('act');
  expect(outcome).toMatchObject({ kind: 'completed', output: { digest, text: 'kept' } });
  expect(blobs.kept.has(digest)).toBe(true);
});

test('a secret in what a step stores → covered, the other bytes and the size stay', async () => {
  const given = Buffer.from([0xff, ...Buffer.from('a s3cr3t-value b, czNjcjN0LXZhbHVl'), 0]);
  const { on, blobs } = await stageOf((context) => context.storeBlob(given));
  const deferred = [{ path: ['key'], parts: [{ secret: 'secrets.key' }] }];
  const { outcome } = await on.run('act', { config: { key: null }, deferred });
  expect(outcome.kind).toBe('completed');
  const [stored] = [...blobs.kept.values()];
  expect(Buffer.from(stored!).toString('latin1')).toBe(
    `\xffa ${'*'.repeat(12)} b, ${'*'.repeat(16)}\0`,
  );
  expect(given.toString('latin1')).toContain('s3cr3t-value');
});

test('an artifact that does not exist → hard invalid_input; no controller → retryable', async () => {
  const load = (context: StepContext) => context.loadBlob('ab'.repeat(32)).then(() => null);
  const missing = await stageOf(load);
  expect((await missing.on.run('act')).outcome).toMatchObject({
    kind: 'failed',
    error: { class: 'hard', code: 'invalid_input' },
  });
  const away = await stageOf(load, false);
  expect((await away.on.run('act')).outcome).toMatchObject({
    kind: 'failed',
    error: { class: 'retryable', code: 'transient' },
  });
});
