import { describe, expect, test } from 'vitest';
import type { Delivery } from '../../src/bus/bus.ts';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import type { Json } from '../../src/expr/json.ts';
import type { StepContext } from '../../src/nodes/node-type.ts';
import { startRunner } from '../../src/runner/runner.ts';
import type { Checkpoint, Task } from '../../src/task/task.ts';
import { until } from '../bus/until.ts';
import { nodeType, settings } from './fake-node.ts';
import { aborted, deaf, stage, taskOf } from './fixture.ts';

const polite = nodeType('polite', (context) => aborted(context.signal));
const deafType = nodeType('deaf', deaf);
const ok = nodeType('ok', () => Promise.resolve('done'));

describe('taking', () => {
  test('concurrency → so many at a time and not one more', async () => {
    let running = 0;
    let most = 0;
    const work = nodeType('work', async () => {
      running += 1;
      most = Math.max(most, running);
      await new Promise((resolve) => setTimeout(resolve, 5));
      running -= 1;
      return null;
    });
    const on = await stage([work], { concurrency: 3 });
    await on.bus.publishTasks(Array.from({ length: 30 }, () => taskOf('work')));
    await until(() => on.checkpoints.length === 30);
    expect(most).toBe(3);
  });

  test('10,000 no-ops → each exactly once', async () => {
    const on = await stage([ok], { concurrency: 100 });
    const tasks = Array.from({ length: 10_000 }, () => taskOf('ok'));
    await on.bus.publishTasks(tasks);
    await until(() => on.checkpoints.length === tasks.length);
    expect(new Set(on.checkpoints.map((each) => each.taskId)).size).toBe(tasks.length);
    await until(() => on.runner.active === 0);
  });

  test('a task that is under way delivered again → one attempt, both deliveries settled', async () => {
    const { bus, deliver } = handBus();
    let starts = 0;
    let finish: (value: Json) => void = () => undefined;
    const slow = nodeType('slow', () => {
      starts += 1;
      return new Promise((resolve) => (finish = resolve));
    });
    const on = await stage([slow], { bus });
    const task = taskOf('slow');
    const [first, second] = [deliver(task, 1), deliver(task, 2)];
    finish('once');
    await on.checkpointOf(task);
    await until(() => first.settled.length + second.settled.length === 2);
    expect(starts).toBe(1);
    expect([first.settled, second.settled]).toEqual([['ack'], ['ack']]);
    expect(on.checkpoints).toHaveLength(1);
  });

  test('delivered too often → runner_lost, retryable, without running it', async () => {
    const { bus, deliver } = handBus();
    let starts = 0;
    const killer = nodeType('killer', () => {
      starts += 1;
      return Promise.resolve(null);
    });
    const on = await stage([killer], { bus });
    const [fifth, sixth] = [taskOf('killer'), taskOf('killer')];
    deliver(fifth, 5);
    deliver(sixth, 6);
    expect((await on.checkpointOf(fifth)).outcome.kind).toBe('completed');
    const message = expect.stringMatching(/5 times/);
    expect((await on.checkpointOf(sixth)).outcome).toMatchObject({
      kind: 'failed',
      error: { class: 'retryable', code: 'runner_lost', message },
    });
    expect(starts).toBe(1);
  });

  test('a step longer than the lease → is kept by heartbeats, and nobody else gets it', async () => {
    const { promise: isLong, resolve } = Promise.withResolvers<Json>();
    const leaseMs = 800;
    const on = await stage([nodeType('long', () => isLong)], {
      limits: { leaseMs, heartbeatMs: 50 },
    });
    const task = taskOf('long');
    await on.bus.publishTasks([task]);
    await until(() => on.runner.active === 1);
    const others: Delivery<Task>[] = [];
    const options = { queues: ['default', 'silent'], maxInFlight: 10, leaseMs };
    await on.bus.consumeTasks(options, (delivery) => others.push(delivery));
    // Held without a heartbeat: it comes again when its lease is over, and that of the step would be.
    const silent = taskOf('long', { queue: 'silent' });
    await on.bus.publishTasks([silent]);
    await until(() => others.length > 1);
    expect(others.map(({ message, deliveries }) => [message.id, deliveries])).toEqual([
      [silent.id, 1],
      [silent.id, 2],
    ]);
    resolve('at last');
    expect((await on.checkpointOf(task)).outcome).toEqual({ kind: 'completed', output: 'at last' });
  });
});

describe('stopping', () => {
  test('timeout, heeded → retryable timeout soon after it', async () => {
    const on = await stage([polite]);
    const started = performance.now();
    const { outcome } = await on.run('polite', { timeoutMs: 150 });
    expect(performance.now() - started).toBeLessThan(5_000);
    expect(outcome).toMatchObject({ error: { class: 'retryable', code: 'timeout' } });
    expect(outcome.kind === 'failed' && outcome.error.message).toMatch(/timeout of 150 ms/);
    expect(outcome.kind === 'failed' && outcome.error.details).toBe(undefined);
  });

  test('timeout, ignored → abandoned after the grace period, and reported', async () => {
    const on = await stage([deafType], { limits: { graceMs: 100 } });
    const { outcome } = await on.run('deaf', { timeoutMs: 100 });
    expect(outcome).toMatchObject({
      error: { class: 'retryable', code: 'timeout', details: { abandoned: true } },
    });
    expect(on.logged.map(({ event }) => event)).toEqual(['attempt.abandoned']);
    // Its slot is free: the runner goes on.
    await until(() => on.runner.active === 0);
  });

  test('a handler that succeeds after its timeout → the timeout stands', async () => {
    const late = nodeType('late', async (context) => {
      await aborted(context.signal).catch(() => undefined);
      return 'too late';
    });
    const on = await stage([late]);
    const { outcome } = await on.run('late', { timeoutMs: 60 });
    expect(outcome).toMatchObject({ error: { code: 'timeout' } });
  });

  test.each([
    ['heeded', polite],
    ['ignored', deafType],
  ])('cancel, %s → cancelled within a second', async (_name, type) => {
    const on = await stage([type]);
    const task = taskOf(type.type);
    await on.bus.publishTasks([task]);
    await until(() => on.runner.active === 1);
    const started = performance.now();
    on.bus.broadcast({ kind: 'cancel', runId: task.runId, tasks: [] });
    expect((await on.checkpointOf(task)).outcome).toEqual({ kind: 'cancelled' });
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('cancel of some tasks of a run → the others go on', async () => {
    const on = await stage([polite]);
    const [stop, stay] = [taskOf('polite'), taskOf('polite')];
    const sameRun = taskOf('polite', { runId: stop.runId, step: 1 });
    await on.bus.publishTasks([stop, stay, sameRun]);
    await until(() => on.runner.active === 3);
    on.bus.broadcast({ kind: 'cancel', runId: stop.runId, tasks: [stop.id] });
    await on.checkpointOf(stop);
    expect(on.checkpoints).toHaveLength(1);
    expect(on.runner.active).toBeGreaterThanOrEqual(2);
  });

  test('the reason → is in signal.reason, also for who asks late', async () => {
    const reasons: unknown[] = [];
    const { promise: stopped, resolve: stop } = Promise.withResolvers<void>();
    const curious = nodeType('curious', async (context) => {
      await stopped;
      reasons.push(context.signal.aborted, context.signal.reason);
      return null;
    });
    // Taken later, so its time is over later.
    const later = nodeType('later', async (context) => {
      await aborted(context.signal).catch(stop);
      return null;
    });
    const on = await stage([curious, later]);
    const tasks = [taskOf('curious', { timeoutMs: 20 }), taskOf('later', { timeoutMs: 20 })];
    await on.bus.publishTasks(tasks);
    await Promise.all(tasks.map(on.checkpointOf));
    expect(reasons).toMatchObject([true, { class: 'retryable', code: 'timeout' }]);
  });

  test('drain → takes nothing more, lets what runs finish', async () => {
    let finish: (value: Json) => void = () => undefined;
    const slow = nodeType('slow', () => new Promise((resolve) => (finish = resolve)));
    const on = await stage([slow, ok]);
    const [running, later] = [taskOf('slow'), taskOf('ok')];
    await on.bus.publishTasks([running]);
    await until(() => on.runner.active === 1);
    const drained = on.runner.drain(5_000);
    await on.bus.publishTasks([later]);
    setTimeout(() => finish('in time'), 50);
    await drained;
    await on.checkpointOf(running);
    expect(on.checkpoints.map((each) => each.outcome.kind)).toEqual(['completed']);
    expect(await on.bus.missingTasks([later])).toEqual([]);
    expect(on.runner.active).toBe(0);
  });

  test.each([
    ['heed', polite],
    ['ignore', deafType],
  ])(
    'drain times out, handlers %s it → another runner gets the task at once',
    async (_name, type) => {
      const on = await stage([type], { limits: { leaseMs: 60_000, graceMs: 100 } });
      const task = taskOf(type.type);
      await on.bus.publishTasks([task]);
      await until(() => on.runner.active === 1);
      await on.runner.drain(50);
      expect(on.checkpoints).toEqual([]);
      const heir = await startRunner({
        bus: on.bus,
        nodeTypes: new Map([[type.type, nodeType(type.type, () => Promise.resolve('heir'))]]),
        queues: ['default'],
        concurrency: 1,
        settings,
        secrets: () => undefined,
        id: 'heir',
      });
      expect(await on.checkpointOf(task)).toMatchObject({ runner: 'heir' });
      await heir.stop();
    },
  );
});

describe('reporting', () => {
  test('publishing fails for a while → the same checkpoints later, each attempt made once', async () => {
    let starts = 0;
    const count = nodeType('count', () => Promise.resolve((starts += 1)));
    const on = await stage([count], { limits: { leaseMs: 400, heartbeatMs: 100 } });
    const publish = on.bus.publishCheckpoints.bind(on.bus);
    let failures = 3;
    on.bus.publishCheckpoints = (checkpoints: readonly Checkpoint[]) => {
      failures -= 1;
      return failures >= 0 ? Promise.reject(new Error('no route')) : publish(checkpoints);
    };
    const tasks = Array.from({ length: 5 }, () => taskOf('count'));
    await on.bus.publishTasks(tasks);
    await until(() => on.checkpoints.length === 5);
    expect(starts).toBe(5);
    expect(on.logged.some(({ event }) => event === 'report.publish_failed')).toBe(true);
  });

  test('one checkpoint that cannot be sent → the others are, and it ends as limit', async () => {
    const on = await stage([ok]);
    const publish = on.bus.publishCheckpoints.bind(on.bus);
    const large = taskOf('ok');
    on.bus.publishCheckpoints = (checkpoints: readonly Checkpoint[]) => {
      const bad = checkpoints.some((each) => {
        return each.taskId === large.id && each.outcome.kind === 'completed';
      });
      if (!bad) return publish(checkpoints);
      return Promise.reject(Object.assign(new Error('no'), { name: 'MessageTooLargeError' }));
    };
    const others = Array.from({ length: 5 }, () => taskOf('ok'));
    await on.bus.publishTasks([large, ...others]);
    await until(() => on.checkpoints.length === 6);
    expect((await on.checkpointOf(large)).outcome).toMatchObject({
      error: { class: 'hard', code: 'limit' },
    });
    for (const task of others) {
      expect((await on.checkpointOf(task)).outcome.kind).toBe('completed');
    }
  });

  test('the ledger is slow → what has finished leaves its place, until two thousand wait', async () => {
    const { bus, deliver } = handBus();
    const on = await stage([ok], { bus, concurrency: 2 });
    on.bus.publishCheckpoints = () => new Promise(() => undefined);
    on.bus.reportCheckpoints = () => new Promise(() => undefined);
    const rooms = Array.from({ length: 2_010 }, () => deliver(taskOf('ok'), 1).rooms);
    await until(() => rooms.filter((each) => each.length === 1).length === 2_000);
    await new Promise((resolve) => setImmediate(resolve));
    expect(rooms.slice(2_000).every((each) => each.length === 0)).toBe(true);
  });

  test('what ends together → is published together', async () => {
    const on = await stage([ok], { concurrency: 50 });
    const publish = on.bus.publishCheckpoints.bind(on.bus);
    const bursts: number[] = [];
    on.bus.publishCheckpoints = (checkpoints: readonly Checkpoint[]) => {
      bursts.push(checkpoints.length);
      return publish(checkpoints);
    };
    await on.bus.publishTasks(Array.from({ length: 50 }, () => taskOf('ok')));
    await until(() => on.checkpoints.length === 50);
    expect(bursts).toEqual([50]);
  });
});

describe('activity', () => {
  test('log, progress and stats → entries of the attempt, in order, within moments', async () => {
    let wrote = 0;
    const talk = (context: StepContext): Promise<Json> => {
      context.log('warn', 'careful', { entityType: 'image', entityId: '7' });
      context.progress(0.25, 'a quarter');
      context.progress(7);
      context.progress(NaN);
      context.stats({ rows: 3, bad: Infinity });
      wrote = performance.now();
      return aborted(context.signal);
    };
    const on = await stage([nodeType('talk', talk)], { now: () => 77 });
    const task = taskOf('talk', { item: 2, attempt: 3 });
    await on.bus.publishTasks([task]);
    await until(() => on.activity.length === 5);
    expect(performance.now() - wrote).toBeLessThan(2_000);
    const common = { runId: task.runId, step: 0, item: 2, attempt: 3, at: 77 };
    expect(on.activity).toEqual([
      { ...common, level: 'warn', message: 'careful', entityType: 'image', entityId: '7' },
      { ...common, level: 'info', message: 'a quarter', progress: 0.25 },
      { ...common, level: 'info', message: '', progress: 1 },
      { ...common, level: 'info', message: '', progress: 0 },
      { ...common, level: 'info', message: '', stats: { rows: 3 } },
    ]);
  });

  test('a handler that was abandoned → is not heard any more', async () => {
    let context: StepContext | null = null;
    const ghost = nodeType('ghost', (given) => {
      context = given;
      return deaf();
    });
    const on = await stage([ghost], { limits: { graceMs: 50 } });
    await on.run('ghost', { timeoutMs: 50 });
    context!.log('info', 'boo');
    await on.runner.drain(1_000);
    expect(on.activity).toEqual([]);
  });
});

/** A bus whose tasks the test delivers by hand, as often as it likes. */
function handBus() {
  const bus = createInProcessBus();
  let handler: (delivery: Delivery<Task>) => void = () => undefined;
  bus.consumeTasks = (_options, given) => {
    handler = given;
    return Promise.resolve({ stop: () => Promise.resolve() });
  };
  const deliver = (message: Task, deliveries: number) => {
    const [settled, rooms]: [string[], string[]] = [[], []];
    const note = (what: string) => () => void settled.push(what);
    const rest = { working: () => {}, makeRoom: () => void rooms.push('left') };
    handler({ message, deliveries, ack: note('ack'), release: note('release'), ...rest });
    return { settled, rooms };
  };
  return { bus, deliver };
}
