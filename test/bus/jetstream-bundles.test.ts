import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Consumer, Delivery } from '../../src/bus/bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import { Subjects } from '../../src/bus/subjects.ts';
import type { Task } from '../../src/task/task.ts';
import { natsService, type NatsService } from '../services/nats.ts';
import { memoryBlobs } from './memory-blobs.ts';
import { sampleTask, sampleTasks } from './samples.ts';
import { until } from './until.ts';

const nats: NatsService | null = await natsService();
let opened = 0;

interface Taken {
  readonly all: Delivery<Task>[];
  readonly consumer: Consumer;
}

describe.skipIf(nats === null)('tasks that travel several in a message', () => {
  let subjects: Subjects;
  let buses: Bus[];
  let controller: Bus;
  let server: NatsConnection;
  let jsm: JetStreamManager;

  beforeEach(async () => {
    opened += 1;
    subjects = new Subjects(`bundles${process.pid}x${opened}`);
    buses = [];
    controller = await open();
    server = await connect({ servers: nats?.url ?? '' });
    jsm = await jetstreamManager(server);
  });
  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await server.close();
  });
  afterAll(() => nats?.stop());

  async function open(): Promise<Bus> {
    const { prefix } = subjects;
    const bus = await createJetStreamBus({ url: nats?.url ?? '', name: 'test', prefix });
    buses.push(bus);
    return bus;
  }

  async function take(
    bus: Bus,
    options: { maxInFlight?: number; leaseMs?: number } = {},
    settle: (delivery: Delivery<Task>) => void = () => undefined,
  ): Promise<Taken> {
    const all: Delivery<Task>[] = [];
    const queues = ['default'];
    const consumer = await bus.consumeTasks(
      { queues, maxInFlight: 500, ...options },
      (delivery) => {
        all.push(delivery);
        settle(delivery);
      },
    );
    return { all, consumer };
  }

  async function stored(): Promise<number> {
    return (await jsm.streams.info(subjects.taskStream)).state.messages;
  }

  function heardRechecks(bus: Bus): Set<string> {
    const runs = new Set<string>();
    bus.onSignal('recheck', ({ runIds }) => {
      for (const runId of runIds) runs.add(runId);
    });
    return runs;
  }

  const idsOf = (tasks: readonly { id: string }[]): string[] => tasks.map(({ id }) => id);
  const taken = ({ all }: Taken): string[] => all.map(({ message }) => message.id);

  test('a burst of 200 → 13 messages; each task arrives whole and once', async () => {
    const tasks = sampleTasks(200, { traceparent: '00-1-2-01' });
    await controller.publishTasks(tasks);
    expect(await stored()).toBe(13);
    const runner = await take(await open());
    await until(() => runner.all.length === 200);
    expect(runner.all.map(({ message }) => message)).toEqual(tasks);
    expect(new Set(runner.all.map(({ deliveries }) => deliveries))).toEqual(new Set([1]));
  });

  test('a small burst, a queue with few tasks, one sent alone → a message each', async () => {
    await controller.publishTasks(sampleTasks(15));
    expect(await stored()).toBe(15);
    await controller.publishTasks([
      ...sampleTasks(32, { queue: 'many' }),
      ...sampleTasks(5, { queue: 'few' }),
    ]);
    expect(await stored()).toBe(15 + 8 + 5);
    await controller.publishTasks(sampleTasks(100), { alone: true });
    expect(await stored()).toBe(15 + 8 + 5 + 100);
  });

  test('large tasks in a burst → by themselves or by blob, the small ones together', async () => {
    await controller.serveBlobs(memoryBlobs());
    const sizes = new Map([
      [10, 60_000],
      [20, 400_000],
    ]);
    const tasks = sampleTasks(64).map((task) => {
      const length = sizes.get(task.step) ?? 10;
      return { ...task, config: { text: 'x'.repeat(length) } };
    });
    await controller.publishTasks(tasks);
    const runner = await take(await open());
    await until(() => runner.all.length === 64);
    const byStep = runner.all.map(({ message }) => message).sort((a, b) => a.step - b.step);
    expect(byStep).toEqual(tasks);
  });

  test('the same burst again → nothing is doubled', async () => {
    const tasks = sampleTasks(64);
    await controller.publishTasks(tasks);
    await controller.publishTasks(tasks);
    expect(await stored()).toBe(8);
  });

  test('held until all of it has ended; then missing', async () => {
    const tasks = sampleTasks(16);
    await controller.publishTasks(tasks);
    expect(await stored()).toBe(8);
    const runner = await take(await open(), { leaseMs: 10_000 });
    await until(() => runner.all.length === 16);
    expect(await controller.missingTasks(tasks)).toEqual([]);
    for (const delivery of runner.all) if (delivery.message.step !== 5) delivery.ack();
    await until(async () => (await controller.missingTasks(tasks)).length === 14);
    expect(await stored()).toBe(1);
    for (const delivery of runner.all) delivery.ack();
    await until(async () => (await controller.missingTasks(tasks)).length === 16);
    expect(await stored()).toBe(0);
  });

  test('missing among many runs → named whichever message they are in', async () => {
    const tasks = Array.from({ length: 60 }, () => sampleTask());
    const sent = tasks.filter((_, index) => index % 2 === 0);
    await controller.publishTasks(sent);
    const rest = tasks.filter((_, index) => index % 2 === 1);
    expect(await controller.missingTasks(tasks)).toEqual(rest);
    // Few runs are asked for by name, and may be anywhere in a message.
    expect(await controller.missingTasks(tasks.slice(0, 4))).toEqual(rest.slice(0, 2));
  });

  test('a runner that dies → the second takes nothing of it, controllers hear what to look for', async () => {
    const tasks = Array.from({ length: 32 }, () => sampleTask());
    const rechecks = heardRechecks(controller);
    const dying = await open();
    const first = await take(dying, { leaseMs: 500 });
    await controller.publishTasks(tasks);
    await until(() => first.all.length === 32);
    // One message of four is done with.
    for (const delivery of first.all.slice(0, 4)) delivery.ack();
    await first.consumer.stop();
    const second = await take(await open(), { leaseMs: 500 });
    await until(() => rechecks.size === 28);
    expect(second.all).toEqual([]);
    const lost = idsOf(tasks.slice(4));
    expect(idsOf(await controller.missingTasks(tasks.slice(4)))).toEqual(lost);
    await controller.publishTasks(tasks.slice(4), { alone: true });
    await until(() => second.all.length === 28);
    expect(taken(second).sort()).toEqual(lost.toSorted());
    expect(new Set(second.all.map(({ deliveries }) => deliveries))).toEqual(new Set([1]));
  });

  test('a runner that says working for one → keeps all of the message', async () => {
    const rechecks = heardRechecks(controller);
    const first = await take(await open(), { leaseMs: 600 });
    await controller.publishTasks(sampleTasks(64));
    await until(() => first.all.length === 64);
    const second = await take(await open(), { leaseMs: 600 });
    const began = performance.now();
    await until(() => {
      for (const delivery of first.all) if (delivery.message.step % 8 === 3) delivery.working();
      return performance.now() - began > 1_800;
    });
    expect([second.all.length, rechecks.size, first.all.length]).toEqual([0, 0, 64]);
  });

  test('one given back → goes to another at once, the others stay', async () => {
    const first = await take(await open(), { leaseMs: 10_000 });
    await controller.publishTasks(sampleTasks(64));
    await until(() => first.all.length === 64);
    await first.consumer.stop();
    const second = await take(await open());
    first.all[5]?.release();
    await until(() => second.all.length === 1);
    expect(taken(second)).toEqual([first.all[5]?.message.id]);
    for (const delivery of [...first.all, ...second.all]) delivery.ack();
    await until(async () => (await stored()) === 0);
    expect([first.all.length, second.all.length]).toEqual([64, 1]);
  });

  test('a runner that ends → what it gives back is stored before it is gone', async () => {
    const ending = await open();
    const first = await take(ending, { leaseMs: 60_000 });
    const tasks = sampleTasks(64);
    await controller.publishTasks(tasks);
    await until(() => first.all.length === 64);
    await first.consumer.stop();
    for (const delivery of first.all) delivery.release();
    await ending.close();
    expect(await controller.missingTasks(tasks)).toEqual([]);
    expect(await stored()).toBe(64);
    const second = await take(await open());
    await until(() => second.all.length === 64);
    expect(new Set(taken(second)).size).toBe(64);
  });

  test('more than a runner has room for → the rest goes to one that has', async () => {
    const busy = await take(await open(), { maxInFlight: 2, leaseMs: 1_000 });
    const keep = setInterval(() => busy.all.forEach((delivery) => delivery.working()), 200);
    try {
      await controller.publishTasks(sampleTasks(128));
      await until(() => busy.all.length === 2);
      const idle = await take(await open(), { leaseMs: 1_000 }, (delivery) => delivery.ack());
      await until(() => idle.all.length === 126);
      expect(busy.all).toHaveLength(2);
      expect(new Set([...taken(busy), ...taken(idle)]).size).toBe(128);
    } finally {
      clearInterval(keep);
    }
  });

  test('given back by one that had asked for more → does not come back to it', async () => {
    const busy = await take(await open(), { maxInFlight: 24, leaseMs: 2_000 });
    const keep = setInterval(() => busy.all.forEach((delivery) => delivery.working()), 200);
    try {
      // Asked for 24 messages, it gets eight, and has no room for most of what is in them.
      await controller.publishTasks(sampleTasks(64));
      await until(async () => (await stored()) > 8);
      const idle = await take(await open(), {}, (delivery) => delivery.ack());
      await until(() => idle.all.length === 40, 3_000);
      expect(busy.all).toHaveLength(24);
    } finally {
      clearInterval(keep);
    }
  });

  test('one slot → one at a time, in order, each once', async () => {
    const tasks = sampleTasks(64);
    let active = 0;
    let most = 0;
    await controller.publishTasks(tasks);
    const runner = await take(await open(), { maxInFlight: 1 }, (delivery) => {
      active += 1;
      most = Math.max(most, active);
      setImmediate(() => {
        active -= 1;
        delivery.ack();
      });
    });
    await until(() => runner.all.length === 64);
    expect(most).toBe(1);
    expect(taken(runner)).toEqual(idsOf(tasks));
  });

  test('withdrawn while queued → never comes; its companions do, once', async () => {
    const tasks = Array.from({ length: 128 }, () => sampleTask());
    await controller.publishTasks(tasks);
    const withdrawn = [tasks[3]!, tasks[4]!, tasks[90]!];
    await Promise.all(withdrawn.map((task) => controller.withdrawTasks([task])));
    const left = tasks.filter((task) => !withdrawn.includes(task));
    expect(idsOf(await controller.missingTasks(tasks))).toEqual(idsOf(withdrawn));
    const runner = await take(await open(), {}, (delivery) => delivery.ack());
    await until(() => runner.all.length === left.length);
    expect(taken(runner).sort()).toEqual(idsOf(left).sort());
  });

  test('withdrawn while a runner has the message → the message stays with it', async () => {
    const runner = await take(await open(), { leaseMs: 10_000 });
    const tasks = sampleTasks(64);
    await controller.publishTasks(tasks);
    await until(() => runner.all.length === 64);
    await controller.withdrawTasks([tasks[3]!]);
    expect(await controller.missingTasks(tasks)).toEqual([]);
    for (const delivery of runner.all) delivery.ack();
    await until(async () => (await stored()) === 0);
    expect(runner.all).toHaveLength(64);
  });

  test('withdrawn after it was given back → never comes, though its old message stays', async () => {
    const first = await take(await open(), { leaseMs: 10_000 });
    const tasks = sampleTasks(64);
    await controller.publishTasks(tasks);
    await until(() => first.all.length === 64);
    await first.consumer.stop();
    first.all[5]?.release();
    await until(async () => (await stored()) === 9);
    await controller.withdrawTasks([tasks[5]!]);
    expect(await stored()).toBe(8);
  });

  test('cancelled while it waits for a slot → never comes, its companions do', async () => {
    const tasks = sampleTasks(16);
    const bus = await open();
    const runner = await take(bus, { maxInFlight: 1 });
    let isHeard = false;
    bus.onSignal('cancel', () => {
      isHeard = true;
    });
    await controller.publishTasks(tasks);
    await until(() => runner.all.length === 1);
    const cancelled = tasks[1]!;
    const { id, runId } = cancelled;
    controller.broadcast({ kind: 'cancel', runId, tasks: [id] });
    await controller.withdrawTasks([cancelled]);
    await until(() => isHeard);
    await until(() => {
      for (const delivery of runner.all) delivery.ack();
      return runner.all.length === 15;
    });
    expect(taken(runner)).not.toContain(id);
    await until(async () => (await stored()) === 0);
  });

  test('many withdrawals at once → the stream is asked a few times, not for each', async () => {
    const tasks = Array.from({ length: 200 }, () => sampleTask());
    await controller.publishTasks(tasks);
    let asked = 0;
    server.subscribe(`$JS.API.STREAM.INFO.${subjects.taskStream}`, {
      callback: () => {
        asked += 1;
      },
    });
    await server.flush();
    await Promise.all(tasks.map((task) => controller.withdrawTasks([task])));
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(20);
    expect(await controller.missingTasks(tasks)).toHaveLength(200);
  });

  test('a message whose tasks are not those of its subject → is refused whole', async () => {
    const tasks = sampleTasks(4);
    server.publish(subjects.bundle('default', idsOf(tasks)), '\u0000[{},{}]');
    await until(async () => (await stored()) === 1);
    const runner = await take(await open());
    await until(async () => (await stored()) === 0);
    expect(runner.all).toEqual([]);
  });
});
