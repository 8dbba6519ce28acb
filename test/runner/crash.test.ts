import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import { startRunner } from '../../src/runner/runner.ts';
import type { Checkpoint } from '../../src/task/task.ts';
import { until } from '../bus/until.ts';
import { localNats } from '../services/nats.ts';
import { nodeType, settings } from './fake-node.ts';
import { taskOf } from './fixture.ts';

const nats = await localNats();
afterAll(() => nats?.stop());

/** The lease, and what a busy machine adds. */
const LEASE_OVER_MS = 8_000;

describe.skipIf(nats === null)('a runner process', () => {
  test('killed with SIGKILL in its attempt → the task runs elsewhere after its lease of 4 s', async () => {
    const url = nats?.url ?? '';
    const bus = await createJetStreamBus({ url, name: 'controller' });
    onTestFinished(() => bus.close());
    const victim = await startVictim(url);
    const task = taskOf('slow');
    await bus.publishTasks([task]);
    await until(() => victim.said.includes('running'));

    const checkpoints: Checkpoint[] = [];
    await bus.consumeCheckpoints({ maxInFlight: 10 }, (batch) => {
      for (const delivery of batch) {
        checkpoints.push(delivery.message);
        delivery.ack();
      }
    });
    const heir = await startRunner({
      bus,
      nodeTypes: new Map([['slow', nodeType('slow', () => Promise.resolve('done'))]]),
      queues: ['default'],
      concurrency: 4,
      settings,
      secrets: () => undefined,
      id: 'heir',
    });
    victim.child.kill('SIGKILL');
    const killedAt = performance.now();
    await until(() => checkpoints.length === 1);
    expect(performance.now() - killedAt).toBeLessThan(LEASE_OVER_MS);
    expect(checkpoints[0]).toMatchObject({ taskId: task.id, runner: 'heir' });
    await heir.stop();
  });
});

async function startVictim(url: string): Promise<{ child: ChildProcess; said: unknown[] }> {
  const child = fork(join(import.meta.dirname, 'crash-child.ts'), [url, 'victim'], {
    execArgv: ['--experimental-strip-types', '--no-warnings'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const said: unknown[] = [];
  child.on('message', (message) => said.push(message));
  await until(() => said.includes('ready'));
  return { child, said };
}
