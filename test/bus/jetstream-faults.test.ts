import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect } from '@nats-io/transport-node';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Delivery } from '../../src/bus/bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import { digestOf } from '../../src/bus/subjects.ts';
import type { Task } from '../../src/task/task.ts';
import { type LocalNats, localNats, type NatsService } from '../services/nats.ts';
import { sampleCheckpoint, sampleTask, sampleTasks } from './samples.ts';
import { until } from './until.ts';

const probe = await localNats();
await probe?.stop();

describe.skipIf(probe === null)('JetStream bus, when things break', () => {
  let nats: NatsService;
  let server: LocalNats;
  let buses: Bus[];
  let logged: { event: string; fields: unknown }[];

  beforeEach(async () => {
    const service = await localNats();
    if (service?.local == null) throw new Error('nats-server was there a moment ago');
    nats = service;
    server = service.local;
    buses = [];
    logged = [];
  });

  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await nats.stop();
  });

  async function open(): Promise<Bus> {
    const note = (event: string, fields?: unknown): void => void logged.push({ event, fields });
    const log = { info: note, warn: note, error: note };
    const bus = await createJetStreamBus({ url: nats.url, name: 'fault test', log });
    buses.push(bus);
    return bus;
  }

  /** A controller and a runner at work, which tell what has come through. */
  async function atWork() {
    const [controller, runner] = [await open(), await open()];
    const done = new Set<string>();
    await runner.consumeTasks({ queues: ['default'], maxInFlight: 10 }, (delivery) => {
      const checkpoint = sampleCheckpoint(null, delivery.message);
      runner.publishCheckpoints([checkpoint]).then(
        () => delivery.ack(),
        () => delivery.release(),
      );
    });
    await controller.consumeCheckpoints({ maxInFlight: 100 }, (batch) => {
      for (const delivery of batch) {
        done.add(delivery.message.taskId);
        delivery.ack();
      }
    });
    /** What a controller does after a fault: looks for what is missing, sends it again. */
    const works = async (withinMs: number): Promise<void> => {
      const tasks = sampleTasks(20);
      await until(async () => {
        try {
          const open = tasks.filter((task) => !done.has(task.id));
          const missing = new Set((await controller.missingTasks(open)).map(({ id }) => id));
          await controller.publishTasks(tasks.filter((task) => missing.has(task.id)));
          return tasks.every((task) => done.has(task.id));
        } catch {
          return false;
        }
      }, withinMs);
    };
    return { controller, works };
  }

  test('server killed and started again → goes on within seconds', async () => {
    const { works } = await atWork();
    await works(2_000);
    await server.kill();
    await server.start();
    await works(6_000);
  });

  /** A runner whose report waits for its answer, and the task that its run goes on with. */
  async function reporting() {
    const [controller, runner] = [await open(), await open()];
    const reported: Delivery<unknown>[] = [];
    await controller.consumeCheckpoints({ maxInFlight: 10 }, (batch) => {
      reported.push(...batch);
    });
    const taken: Delivery<Task>[] = [];
    await runner.consumeTasks({ queues: ['default'], maxInFlight: 10 }, (delivery) => {
      taken.push(delivery);
    });
    await runner.ping();
    const [first, next] = sampleTasks(2);
    const answered = runner.reportCheckpoints([sampleCheckpoint(null, first)]);
    answered.catch(() => undefined); // Some tests end before it is answered.
    await until(() => reported.length === 1);
    return { controller, reported, taken, answered, next: next! };
  }

  test('server away for longer than a handed task’s lease → nobody looks for the task', async () => {
    const { controller, reported, taken, answered, next } = await reporting();
    await controller.publishTasks([next]);
    reported[0]?.ack();
    await answered;
    await until(() => taken.length === 1);
    await server.kill();
    await sleep(5_000);
    await server.start();
    await until(() => controller.ping().then(Boolean, () => false));
    // The next sweeps, and the runner's next words.
    await sleep(2_000);
    expect(logged.map(({ event }) => event)).not.toContain('bus.handed_tasks_lost');
    expect(await controller.missingTasks([next])).toEqual([]);
  }, 20_000);

  test('server away when a task could be handed over → it comes when the server is back', async () => {
    const { controller, taken, next } = await reporting();
    await server.kill();
    await until(() => logged.filter(({ event }) => event === 'nats.disconnected').length === 2);
    const publishing = controller.publishTasks([next]);
    await server.start();
    await publishing;
    await until(() => taken.length === 1);
    expect(logged.map(({ event }) => event)).not.toContain('bus.handed_tasks_lost');
  }, 20_000);

  test('what the server held is gone → a controller is told once; a mere restart → it is not', async () => {
    const { controller, works } = await atWork();
    let losses = 0;
    controller.onLoss(() => (losses += 1));
    await works(2_000);
    await server.kill();
    await server.start();
    await works(6_000);
    expect(losses).toBe(0);
    await server.kill();
    await server.wipe();
    await server.start();
    await until(() => losses > 0);
    await works(6_000);
    expect(losses).toBe(1);
  });

  test('a stream comes back empty, its consumer as it was → goes on, by a new one', async () => {
    const { works } = await atWork();
    await works(2_000);
    await sleep(1_000); // What the consumer has handed out reaches the disk.
    await server.kill();
    const messages = join(server.directory, 'jetstream/$G/streams/BEHEST_TASKS/msgs');
    for (const file of await readdir(messages)) await rm(join(messages, file));
    await server.start();
    // The consumer skips what has a lower number than what it handed out before.
    await works(15_000);
    expect(logged.map(({ event }) => event)).toContain('nats.consumer_stalled');
  }, 20_000);

  test('server killed, its store wiped → streams and consumers are made anew', async () => {
    const { works } = await atWork();
    await works(2_000);
    await server.kill();
    await server.wipe();
    await server.start();
    await works(6_000);
  });

  test('the store deleted under the running server, which then restarts → heals', async () => {
    const { works } = await atWork();
    await works(2_000);
    await server.wipe();
    await server.kill();
    await server.start();
    await works(6_000);
  });

  test('the store deleted under the running server, which runs on → goes on', async () => {
    const { works } = await atWork();
    await works(2_000);
    await server.wipe();
    for (let round = 0; round < 5; round += 1) await works(6_000);
  });

  test('streams deleted behind our back → are made anew within seconds', async () => {
    const { works } = await atWork();
    await works(2_000);
    const connection = await connect({ servers: nats.url });
    const jsm = await jetstreamManager(connection);
    for (const name of ['BEHEST_TASKS', 'BEHEST_CHECKPOINTS', 'BEHEST_ACTIVITY']) {
      await jsm.streams.delete(name);
    }
    await works(6_000);
    for await (const stream of jsm.streams.list()) expect(stream.config.name).toMatch(/^BEHEST_/);
    await connection.close();
  });

  test('a new stream counts from 1 again while old work is held → new work is not taken for it', async () => {
    const [controller, runner] = [await open(), await open()];
    const seen: Delivery<Task>[] = [];
    await runner.consumeTasks({ queues: ['default'], maxInFlight: 10 }, (delivery) => {
      seen.push(delivery);
    });
    const [first, second] = sampleTasks(2) as [Task, Task];
    await controller.publishTasks([first]);
    await until(() => seen.length === 1);
    await server.kill();
    await server.wipe();
    await server.start();
    await controller.publishTasks([second]);
    await until(() => seen.length === 2, 10_000);
    expect(seen.map(({ message }) => message.id)).toEqual([first.id, second.id]);
    // The end of the old work settles nothing of the new.
    seen[0]?.ack();
    await runner.ping();
    expect(await controller.missingTasks([second])).toEqual([]);
    seen[1]?.ack();
    await until(async () => (await controller.missingTasks([second])).length === 1);
  }, 30_000);

  test('… and another runner has been given its number → the end of the old work settles nothing', async () => {
    const [controller, runner, other] = [await open(), await open(), await open()];
    const seen: Delivery<Task>[] = [];
    const taken: Delivery<Task>[] = [];
    const options = { queues: ['default'], maxInFlight: 1 };
    await runner.consumeTasks(options, (delivery) => seen.push(delivery));
    const [first, second] = sampleTasks(2) as [Task, Task];
    await controller.publishTasks([first]);
    await until(() => seen.length === 1);
    let isTold = false;
    runner.onLoss(() => {
      isTold = true;
    });
    await server.kill();
    await server.wipe();
    await server.start();
    await other.consumeTasks(options, (delivery) => taken.push(delivery));
    await controller.publishTasks([second]);
    await until(() => taken.length === 1 && isTold, 10_000);
    seen[0]?.ack();
    await runner.ping();
    expect(await controller.missingTasks([second])).toEqual([]);
    taken[0]?.ack();
    await until(async () => (await controller.missingTasks([second])).length === 1);
  }, 30_000);

  test('a consumer deleted behind our back → is made anew within seconds', async () => {
    const { works } = await atWork();
    const connection = await connect({ servers: nats.url });
    const jsm = await jetstreamManager(connection);
    await jsm.consumers.delete('BEHEST_TASKS', 'default');
    await jsm.consumers.delete('BEHEST_CHECKPOINTS', 'controllers');
    await connection.close();
    await works(6_000);
  });

  test('server away → publish and ping reject in time; back → they work', async () => {
    const bus = await open();
    await server.kill();
    const task = sampleTask();
    await expect(bus.publishTasks([task])).rejects.toThrow(/confirm all of 1/);
    await expect(bus.ping()).rejects.toThrow(/did not answer|disconnected/);
    await server.start();
    await until(async () => (await bus.ping().catch(() => null)) !== null);
    await bus.publishTasks([task]);
    expect(await bus.missingTasks([task])).toEqual([]);
  });

  test('server away while a controller starts to serve blobs → it waits for it', async () => {
    const [controller, runner] = [await open(), await open()];
    const bytes = new TextEncoder().encode('a file');
    await server.kill();
    const serving = controller.serveBlobs({
      get: () => Promise.resolve(bytes),
      put: () => Promise.reject(new Error('not asked for')),
    });
    // Until somebody waits for it, a rejection would end the process.
    serving.catch(() => undefined);
    await until(() => logged.some(({ event }) => event === 'nats.disconnected'));
    await server.start();
    await serving;
    expect(Buffer.from(await runner.getBlob(digestOf(bytes))).toString()).toBe('a file');
  });

  test('server away → consumers stop and the bus closes all the same', async () => {
    const bus = await open();
    const consumers = [
      await bus.consumeTasks({ queues: ['a', 'b'], maxInFlight: 2 }, () => undefined),
      await bus.consumeCheckpoints({ maxInFlight: 2 }, () => undefined),
      await bus.serveBlobs({ get: () => Promise.resolve(null), put: () => Promise.resolve('') }),
      bus.onSignal('nudge', () => undefined),
    ];
    await server.kill();
    await until(() => logged.some(({ event }) => event === 'nats.disconnected'));
    const started = performance.now();
    await Promise.all(consumers.map((consumer) => consumer.stop()));
    await bus.close();
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  test('a message that nobody can read → is taken away once, logged by subject', async () => {
    const bus = await open();
    const foreign = await connect({ servers: nats.url });
    const subject = 'behest.tasks.default.run.0.-1.1';
    await foreign.request(subject, Buffer.from('\0{"id": 7'));
    await foreign.request(`${subject}1`, Buffer.from('\0{"id": 7}'));
    await foreign.request(`${subject}2`, Buffer.from(''));
    await foreign.close();
    const got: string[] = [];
    await bus.consumeTasks({ queues: ['default'], maxInFlight: 2, leaseMs: 300 }, (delivery) => {
      got.push(delivery.message.id);
      delivery.ack();
    });
    const task = sampleTask();
    await bus.publishTasks([task]);
    await until(() => got.length === 1);
    expect(got).toEqual([task.id]);
    const refusals = logged.filter(({ event }) => event === 'bus.message_refused');
    expect(refusals.map(({ fields }) => (fields as { subject: string }).subject)).toEqual([
      subject,
      `${subject}1`,
      `${subject}2`,
    ]);
    const ref = { id: 'run.0.-1.1', runId: 'run', queue: 'default' };
    await until(async () => (await bus.missingTasks([ref])).length === 1);
  });

  test('a blob that is nowhere → its message comes later, the others meanwhile', async () => {
    const [bus, other] = [await open(), await open()];
    const kept = new Map<string, Uint8Array>();
    const serving = await bus.serveBlobs({
      get: (digest) => Promise.resolve(kept.get(digest) ?? null),
      put: (bytes) => {
        kept.set('wrong', bytes.slice());
        return Promise.resolve('wrong');
      },
    });
    // A store that names blobs wrongly is found out by the sender.
    const large = sampleCheckpoint('x'.repeat(400_000));
    await expect(other.publishCheckpoints([large])).rejects.toThrow(/was stored as wrong/);
    await serving.stop();
  }, 15_000);
});

describe.skipIf(probe === null)('connecting', () => {
  test('no server yet → waits for it', async () => {
    const nats = await localNats();
    if (nats?.local == null) throw new Error('nats-server was there a moment ago');
    await nats.local.kill();
    const connecting = createJetStreamBus({ url: nats.url, name: 'early bird' });
    await nats.local.start();
    const bus = await connecting;
    expect(await bus.ping()).toBeGreaterThanOrEqual(0);
    await bus.close();
    await nats.stop();
  });

  test('no server within connectTimeoutMs → rejects', async () => {
    const options = { url: 'nats://127.0.0.1:9', name: 'lonely', connectTimeoutMs: 300 };
    await expect(createJetStreamBus(options)).rejects.toThrow();
  });
});
