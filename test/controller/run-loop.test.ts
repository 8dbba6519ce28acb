import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../services/until.ts';
import { Rig } from './rig.ts';

let rig: Rig;
beforeEach(async () => {
  rig = await Rig.start();
});
afterEach(async () => {
  await rig.stop();
});

describe('one controller, one runner, real Postgres', () => {
  test('steps in a row → each sees the output of the one before', async () => {
    rig.behaviours['add'] = (_context, config) => (config as { to: number }).to + 1;
    await rig.register('sum', {
      steps: [
        { id: 'a', type: 'act', config: { do: 'add', to: '{{ input.start }}' } },
        { id: 'b', type: 'act', config: { do: 'add', to: '{{ a.output }}' } },
        { id: 'c', type: 'transform', config: { output: { total: '{{ b.output * 2 }}' } } },
      ],
      output: '{{ c.output.total }}',
    });
    const run = await rig.status(await rig.startRun('sum', { start: 1 }), 'completed');
    expect(run.output).toBe(6);
  });

  test('a retryable error → tried again after its back-off', async () => {
    const retry = { maxAttempts: 3, initialDelay: '10ms' };
    await rig.register('flaky', [{ id: 'a', type: 'act', config: { do: 'flaky' }, retry }]);
    const run = await rig.status(await rig.startRun('flaky'), 'completed');
    expect(run.output).toEqual({ a: 'at last' });
  });

  test('a hard error → the run fails, names the step, runs onFailure and finally', async () => {
    const done: string[] = [];
    rig.behaviours['note'] = (_context, config) => {
      done.push((config as { as: string }).as);
      return null;
    };
    await rig.register('broken', {
      steps: [
        { id: 'a', type: 'act', config: { do: 'broken' } },
        { id: 'b', type: 'act', config: { do: 'note', as: 'never' } },
      ],
      onFailure: [
        { id: 'f', type: 'act', config: { do: 'note', as: '{{ run.error.step }} failed' } },
      ],
      finally: [{ id: 'z', type: 'act', config: { do: 'note', as: 'finally' } }],
    });
    const run = await rig.status(await rig.startRun('broken'), 'failed');
    expect(run.error).toMatchObject({ step: 'a', code: 'code', message: 'it cannot work' });
    expect(done).toEqual(['a failed', 'finally']);
  });

  test('spent retries → pending_retry; a person retries and it goes on from the failed step', async () => {
    let isUp = false;
    const calls: string[] = [];
    rig.behaviours['first'] = () => calls.push('first');
    rig.behaviours['second'] = async (context) => {
      calls.push('second');
      if (!isUp)
        return await rig.behaviours['flaky']!(
          { ...context, task: { ...context.task, attempt: 1 } },
          null,
        );
      return 'ok';
    };
    await rig.register('quota', [
      { id: 'a', type: 'act', config: { do: 'first' } },
      { id: 'b', type: 'act', config: { do: 'second' }, retry: { maxAttempts: 1 } },
    ]);
    const id = await rig.startRun('quota');
    const parked = await rig.status(id, 'pending_retry');
    expect(parked.wakeAt).toBeGreaterThan(Date.now() + 250_000);
    isUp = true;
    await rig.request(id, { kind: 'retry', fromStep: null });
    await rig.status(id, 'completed');
    expect(calls).toEqual(['first', 'second', 'second']);
  });

  test('the resume service → tries again every resume.every, and gives up at maxAttempts', async () => {
    let calls = 0;
    rig.behaviours['down'] = (context) => {
      calls += 1;
      return rig.behaviours['flaky']!({ ...context, task: { ...context.task, attempt: 1 } }, null);
    };
    await rig.register('down', {
      resume: { every: '50ms', maxAttempts: 2 },
      steps: [{ id: 'a', type: 'act', config: { do: 'down' }, retry: { maxAttempts: 1 } }],
    });
    const run = await rig.status(await rig.startRun('down'), 'failed');
    expect(calls).toBe(3);
    expect(run.error?.step).toBe('a');
  });

  test('a cancel → reaches the running attempt, acknowledged, run cancelled', async () => {
    let aborted = 0;
    rig.behaviours['hang'] = (context) =>
      new Promise((_done, fail) => {
        context.signal.addEventListener('abort', () => {
          aborted = Date.now();
          fail(new Error('stopped'));
        });
      });
    await rig.register('hang', [{ id: 'a', type: 'act', config: { do: 'hang' } }]);
    const id = await rig.startRun('hang');
    await rig.status(id, 'running');
    const asked = Date.now();
    await rig.request(id, { kind: 'cancel', reason: 'test' });
    const run = await rig.status(id, 'cancelled');
    expect(aborted - asked).toBeLessThan(1000);
    expect(run.error?.message).toContain('test');
  });

  test('forEach over items → outputs in order, never more than maxParallel at once', async () => {
    let now = 0;
    let most = 0;
    rig.behaviours['slow'] = async (context) => {
      now += 1;
      most = Math.max(most, now);
      await new Promise((done) => setTimeout(done, 5));
      now -= 1;
      return context.task.item * 10;
    };
    await rig.register('fan', {
      steps: [
        {
          id: 'a',
          type: 'act',
          forEach: '{{ range(20) }}',
          maxParallel: 3,
          config: { do: 'slow' },
        },
      ],
      output: '{{ a.output }}',
    });
    const run = await rig.status(await rig.startRun('fan'), 'completed');
    expect(run.output).toEqual(Array.from({ length: 20 }, (_, i) => i * 10));
    expect(most).toBe(3);
  });

  test('a durable wait → the run waits without a task and goes on in time', async () => {
    await rig.register('nap', [
      { id: 'a', type: 'wait', config: { duration: '150ms' } },
      { id: 'b', type: 'act', config: {} },
    ]);
    const started = Date.now();
    await rig.status(await rig.startRun('nap'), 'completed');
    expect(Date.now() - started).toBeGreaterThanOrEqual(150);
  });

  test('a child run → its output is the step’s; its failure fails the parent', async () => {
    await rig.register('child', {
      steps: [{ id: 'x', type: 'transform', config: { output: '{{ input.n + 1 }}' } }],
      output: '{{ x.output }}',
    });
    await rig.register('parent', {
      steps: [
        { id: 'c', type: 'workflow', config: { workflow: 'child', input: { n: '{{ input.n }}' } } },
      ],
      output: '{{ c.output }}',
    });
    const run = await rig.status(await rig.startRun('parent', { n: 41 }), 'completed');
    expect(run.output).toBe(42);
    const failed = await rig.status(await rig.startRun('parent', { n: 'text' }), 'failed');
    expect(failed.error).toMatchObject({ step: 'c', code: 'child_failed' });
  });

  test('a child’s input → completed by its schema’s defaults, refused when it does not fit', async () => {
    await rig.register('child', {
      input: { type: 'object', properties: { n: { type: 'integer', default: 7 } } },
      steps: [{ id: 'x', type: 'transform', config: { output: '{{ input.n + 1 }}' } }],
      output: '{{ x.output }}',
    });
    const config = { workflow: 'child', input: '{{ input }}' };
    await rig.register('parent', [{ id: 'c', type: 'workflow', config }]);
    const run = await rig.status(await rig.startRun('parent', {}), 'completed');
    expect(run.output).toEqual({ c: 8 });
    const failed = await rig.status(await rig.startRun('parent', { n: 'x' }), 'failed');
    expect(failed.error).toMatchObject({ code: 'invalid_input' });
    expect(failed.error?.message).toContain('input/n must be integer');
  });

  test('a workflow that starts itself → ends at the depth limit', async () => {
    await rig.register('self', [{ id: 'c', type: 'workflow', config: { workflow: 'self' } }]);
    const run = await rig.status(await rig.startRun('self'), 'failed');
    expect(run.error?.message).toContain('nest more than 16 deep');
  });

  test('a cancelled parent → its child is cancelled too', async () => {
    await rig.register('long', [{ id: 'w', type: 'wait', config: { duration: '1h' } }]);
    await rig.register('parent', [{ id: 'c', type: 'workflow', config: { workflow: 'long' } }]);
    const id = await rig.startRun('parent');
    const child = await until('the child waits', async () => (await rig.ledger.childrenOf(id))[0]);
    await rig.status(child, 'waiting');
    await rig.request(id, { kind: 'cancel', reason: '' });
    await rig.status(child, 'cancelled');
    await rig.status(id, 'cancelled');
  });

  test('a workflow that does not exist as a child → the step fails and says so', async () => {
    await rig.register('parent', [{ id: 'c', type: 'workflow', config: { workflow: 'nowhere' } }]);
    const run = await rig.status(await rig.startRun('parent'), 'failed');
    expect(run.error?.message).toContain('"nowhere"');
  });

  test('an expression that fails on the data → a hard error of its step', async () => {
    await rig.register('expr', [
      { id: 'a', type: 'transform', config: { output: '{{ input.no.such }}' } },
    ]);
    const run = await rig.status(await rig.startRun('expr'), 'failed');
    expect(run.error).toMatchObject({ step: 'a', code: 'expression' });
  });
});
