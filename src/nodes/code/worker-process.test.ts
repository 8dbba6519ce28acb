import { afterEach, expect, test } from 'vitest';
import type { Call } from './call.ts';
import { WorkerProcess } from './worker-process.ts';

let worker: WorkerProcess;

afterEach(() => worker.kill('the test is over'));

function callOf(source: string, memoryMb = 256): Call {
  return {
    filename: 'a',
    source,
    function: 'process',
    arguments: { kind: 'none' },
    files: {},
    outputs: [],
    memoryMb,
    deadline: Date.now() + 15_000,
  };
}

test('more resident memory than the limit → killed, whatever the interpreter thinks', async () => {
  worker = new WorkerProcess('python', 'default');
  expect(await worker.ready).toBe(true);
  // With what the process needs anyway counted off, 300 MiB below nothing leaves it no room.
  const end = await worker.call(callOf('def process():\n  while True: pass', -300), () => {});
  const reason = 'it used more memory than memoryMb allows';
  expect(end).toEqual(process.platform === 'linux' ? { kind: 'died', reason } : expect.anything());
  expect(worker.spent).toBe(true);
});

test('killed before and while it works → the call ends with the reason', async () => {
  worker = new WorkerProcess('javascript', 'default');
  await worker.ready;
  const running = worker.call(callOf('function process() { for (;;) log("x") }'), () => {
    worker.kill('enough');
  });
  expect(await running).toEqual({ kind: 'died', reason: 'enough' });
  const end = await worker.call(callOf('function process() {}'), () => {});
  expect(end).toEqual({ kind: 'died', reason: 'enough' });
});
