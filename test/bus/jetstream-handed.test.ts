import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Bus, Consumer, Delivery } from '../../src/bus/bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import { Subjects } from '../../src/bus/subjects.ts';
import { type Checkpoint, type Task, taskId } from '../../src/task/task.ts';
import { natsService, type NatsService } from '../services/nats.ts';
import { memoryBlobs } from './memory-blobs.ts';
import { sampleCheckpoint, sampleTask, sampleTasks } from './samples.ts';
import { until } from './until.ts';

const nats: NatsService | null = await natsService();
let opened = 0;

/** Longer than the lease of a handed task. */
const LAPSED = 8_000;

interface Controller {
  readonly bus: Bus;
  /** What was reported to it; open until it is settled. */
  readonly reported: Delivery<Checkpoint>[];
  readonly rechecks: string[];
  readonly consumer: Consumer;
}

interface Runner {
  readonly bus: Bus;
  readonly taken: Delivery<Task>[];
  readonly consumer: Consumer;
}

describe.skipIf(nats === null)('tasks that go straight to the runner which reported', () => {
  let subjects: Subjects;
  let buses: Bus[];
  let logged: string[];
  let server: NatsConnection;
  let jsm: JetStreamManager;

  beforeEach(async () => {
    opened += 1;
    subjects = new Subjects(`handed${process.pid}x${opened}`);
    buses = [];
    logged = [];
    server = await connect({ servers: nats?.url ?? '' });
    jsm = await jetstreamManager(server);
  });
  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await server.close();
  });
  afterAll(() => nats?.stop());

  async function open(): Promise<Bus> {
    const note = (event: string): void => void logged.push(event);
    const log = { info: note, warn: note, error: note };
    const { prefix } = subjects;
    const bus = await createJetStreamBus({ url: nats?.url ?? '', name: 'test', prefix, log });
    buses.push(bus);
    return bus;
  }

  async function controller(): Promise<Controller> {
    const bus = await open();
    const reported: Delivery<Checkpoint>[] = [];
    const rechecks: string[] = [];
    bus.onSignal('recheck', ({ runIds }) => void rechecks.push(...runIds));
    const take = (batch: readonly Delivery<Checkpoint>[]): void => void reported.push(...batch);
    const consumer = await bus.consumeCheckpoints({ maxInFlight: 1_000 }, take);
    for (const each of buses) await each.ping(); // All have heard of each other.
    return { bus, reported, rechecks, consumer };
  }

  async function runner(maxInFlight = 100, queues = ['default']): Promise<Runner> {
    const bus = await open();
    const taken: Delivery<Task>[] = [];
    const take = (delivery: Delivery<Task>): void => void taken.push(delivery);
    const consumer = await bus.consumeTasks({ queues, maxInFlight, leaseMs: 2_000 }, take);
    await bus.ping();
    return { bus, taken, consumer };
  }

  /** This runner has reported so many checkpoints of a run, which are not recorded yet. */
  async function reports({ bus }: Runner, to: Controller, runId: string, count = 1) {
    const before = to.reported.length;
    const checkpoints = sampleTasks(count).map(({ step }) =>
      sampleCheckpoint('done', sampleTask({ runId, step, id: idOf(runId, step) })),
    );
    const answered = bus.reportCheckpoints(checkpoints);
    answered.catch(() => undefined); // Some tests end before it is answered.
    await until(() => to.reported.length === before + count);
    return { answered, deliveries: to.reported.slice(before) };
  }

  /** A task that this runner has got straight from this controller. */
  async function handed(from: Controller, to: Runner): Promise<Task> {
    const task = next(runOf(from));
    const { answered, deliveries } = await reports(to, from, task.runId);
    await from.bus.publishTasks([task]);
    for (const delivery of deliveries) delivery.ack();
    await answered;
    await until(() => to.taken.some(({ message }) => message.id === task.id));
    expect(await stored()).toEqual([]);
    return task;
  }

  /** A new run that belongs to this controller. */
  function runOf({ bus }: Controller): string {
    for (;;) {
      const runId = randomUUID();
      if (bus.isOurs(runId)) return runId;
    }
  }

  /** It again, if it is missing. */
  async function missingOf({ bus }: Controller, task: Task): Promise<Task[]> {
    return (await bus.missingTasks([task])).map(() => task);
  }

  const idOf = (runId: string, step: number) => taskId(runId, { step, item: -1, attempt: 1 });
  const next = (runId: string, changes: Partial<Task> = {}): Task =>
    sampleTask({ runId, step: 7, ...changes });
  const idsOf = (taken: readonly Delivery<Task>[]) => taken.map(({ message }) => message.id);
  const ofMany = (tasks: readonly Task[]) => tasks.map(({ id }) => id);

  /** The subjects of the tasks in the stream. */
  async function stored(): Promise<string[]> {
    const filter = { subjects_filter: '>' };
    const { state } = await jsm.streams.info(subjects.taskStream, filter);
    return Object.keys(state.subjects ?? {});
  }

  /** As after SIGKILL: no goodbye, only a connection that ends. */
  async function dies({ bus }: { readonly bus: Bus }): Promise<void> {
    await (bus as unknown as { connection: NatsConnection }).connection.close();
  }

  test('its report waits for an answer → the run’s next task comes whole, stored nowhere', async () => {
    const [one, two] = [await controller(), await runner()];
    const task = await handed(one, two);
    expect(two.taken.map(({ message, deliveries }) => ({ message, deliveries }))).toEqual([
      { message: task, deliveries: 1 },
    ]);
  });

  test('its report is answered → the task goes by the stream', async () => {
    const [one, two] = [await controller(), await runner()];
    const runId = randomUUID();
    const { answered, deliveries } = await reports(two, one, runId);
    deliveries[0]?.ack();
    await answered;
    await one.bus.publishTasks([next(runId)]);
    expect(await stored()).toHaveLength(1);
    await until(() => two.taken.length === 1);
  });

  test('more tasks than have ended → only as many go straight', async () => {
    const [one, two] = [await controller(), await runner()];
    const runId = randomUUID();
    await reports(two, one, runId, 3);
    const tasks = Array.from({ length: 10 }, (_, item) => sampleTask({ runId, step: 9, item }));
    await one.bus.publishTasks(tasks);
    expect(await stored()).toHaveLength(7);
    await until(() => two.taken.length === 10);
    expect(idsOf(two.taken).toSorted()).toEqual(ofMany(tasks).toSorted());
  });

  test('half of its slots in use → it takes only what comes by the stream', async () => {
    const [one, two] = [await controller(), await runner(4)];
    const filler = sampleTasks(2);
    await one.bus.publishTasks(filler);
    await until(() => two.taken.length === 2);
    const runId = randomUUID();
    await reports(two, one, runId);
    await one.bus.publishTasks([next(runId)]);
    expect(await stored()).toHaveLength(3);
    await until(() => two.taken.length === 3);
  });

  test('a queue that it does not serve → the stream', async () => {
    const [one, two] = [await controller(), await runner(10, ['default', 'gpu'])];
    const [a, b] = [randomUUID(), randomUUID()];
    await reports(two, one, a);
    await reports(two, one, b);
    await one.bus.publishTasks([next(a, { queue: 'large' }), next(b, { queue: 'gpu' })]);
    expect(await stored()).toHaveLength(1);
    await until(() => two.taken.length === 1);
    expect(two.taken[0]?.message.queue).toBe('gpu');
  });

  test('too large for one message → the stream, and whole', async () => {
    const [one, two] = [await controller(), await runner()];
    await one.bus.serveBlobs(memoryBlobs());
    const runId = randomUUID();
    await reports(two, one, runId);
    const task = next(runId, { config: { text: 'x'.repeat(400_000) } });
    await one.bus.publishTasks([task]);
    expect(await stored()).toHaveLength(1);
    await until(() => two.taken.length === 1);
    expect(two.taken[0]?.message).toEqual(task);
  });

  test('a burst that fails and is sent again → nothing of it is handed over twice', async () => {
    const [one, two] = [await controller(), await runner()];
    const runId = randomUUID();
    await reports(two, one, runId);
    const small = next(runId);
    const tooLarge = sampleTask({ config: { text: 'x'.repeat(70 * 1024 * 1024) } });
    await expect(one.bus.publishTasks([small, tooLarge])).rejects.toThrow(/limit/);
    await one.bus.publishTasks([small]);
    await until(() => two.taken.length === 1);
    expect(await stored()).toEqual([]);
  });

  test('to be sent alone → the stream', async () => {
    const [one, two] = [await controller(), await runner()];
    const runId = randomUUID();
    await reports(two, one, runId);
    await one.bus.publishTasks([next(runId)], { alone: true });
    expect(await stored()).toHaveLength(1);
    await until(() => two.taken.length === 1);
  });

  test('a runner has it → missing for no controller; it is done → for all of them', async () => {
    const [one, other, two] = [await controller(), await controller(), await runner()];
    const tasks = [await handed(one, two), await handed(one, two)];
    const never = next(randomUUID());
    expect(await one.bus.missingTasks([...tasks, never])).toEqual([never]);
    expect(await other.bus.missingTasks([...tasks, never])).toEqual([never]);
    const done = two.bus.reportCheckpoints(
      two.taken.map(({ message }) => sampleCheckpoint('done', message)),
    );
    await until(() => one.reported.length === 4);
    for (const each of one.reported) each.ack();
    await done;
    for (const delivery of two.taken) delivery.ack();
    await two.bus.ping();
    expect(await one.bus.missingTasks(tasks)).toEqual(tasks);
    expect(await other.bus.missingTasks(tasks)).toEqual(tasks);
  });

  test('its runner dies → controllers hear of its run, then it is missing and goes to another', async () => {
    const [one, two] = [await controller(), await runner()];
    const task = await handed(one, two);
    const third = await runner();
    await dies(two);
    expect(await one.bus.missingTasks([task])).toEqual([]);
    await until(() => one.rechecks.includes(task.runId), LAPSED);
    expect(await one.bus.missingTasks([task])).toEqual([task]);
    await one.bus.publishTasks([task], { alone: true });
    await until(() => third.taken.length === 1);
    expect(third.taken[0]?.message).toEqual(task);
  }, 15_000);

  test('its controller dies, then its runner → the next controller notices', async () => {
    const [one, two] = [await controller(), await runner()];
    const task = await handed(one, two);
    const heir = await controller();
    await one.bus.close();
    await until(() => heir.bus.isOurs(task.runId), LAPSED);
    await sleep(2_200); // It says so twice.
    await dies(two);
    await until(() => heir.rechecks.includes(task.runId), LAPSED);
    expect(await heir.bus.missingTasks([task])).toEqual([task]);
  }, 20_000);

  test('it goes on for longer than the lease → nobody looks for it', async () => {
    const [one, two] = [await controller(), await runner()];
    const task = await handed(one, two);
    await sleep(4_500);
    expect(one.rechecks).toEqual([]);
    expect(await one.bus.missingTasks([task])).toEqual([]);
    expect(idsOf(two.taken)).toEqual([task.id]);
  }, 10_000);

  test('its controller stands still for longer than the lease → it looks for nothing', async () => {
    const [one, two] = [await controller(), await runner()];
    await handed(one, two);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 4_000);
    await sleep(1_500);
    expect(logged).not.toContain('bus.handed_tasks_lost');
  }, 10_000);

  test('a runner that does not say what it has → nothing is called missing', async () => {
    const one = await controller();
    const silent = { taker: 'silent', tasks: [], isLeaving: false };
    server.publish(subjects.holding, JSON.stringify(silent));
    await server.flush();
    const task = sampleTask();
    await expect(one.bus.missingTasks([task])).rejects.toThrow(/1 of the runners/);
    server.publish(subjects.holding, JSON.stringify({ ...silent, isLeaving: true }));
    await server.flush();
    expect(await one.bus.missingTasks([task])).toEqual([task]);
  });

  test('a runner whose answers take long → is waited for longer the next time', async () => {
    const one = await controller();
    const word = JSON.stringify({ taker: 'far', tasks: [], isLeaving: false });
    const beat = setInterval(() => server.publish(subjects.holding, word), 500);
    onTestFinished(() => clearInterval(beat));
    const callback = (_: unknown, msg: Msg) => void setTimeout(() => msg.respond(word), 450);
    server.subscribe(subjects.whoHolds, { callback });
    const task = sampleTask();
    await until(() => missingOf(one, task).then(Boolean, () => false), 5_000);
  });

  test('the bus closes before runners are asked → it rejects, and leaves nothing behind', async () => {
    const one = await controller();
    const silent = { taker: 'silent', tasks: [], isLeaving: false };
    server.publish(subjects.holding, JSON.stringify(silent));
    const asked = one.bus.missingTasks([sampleTask()]);
    asked.catch(() => undefined);
    await sleep(300);
    await one.bus.close();
    await expect(asked).rejects.toThrow(/closed/);
    await sleep(500); // A timer that was left behind would throw by now.
  });

  test('given back → it is stored and goes to another, and is missing at no time', async () => {
    const [one, two] = [await controller(), await runner()];
    const task = await handed(one, two);
    await two.consumer.stop();
    const third = await runner();
    two.taken[0]?.release();
    expect(await one.bus.missingTasks([task])).toEqual([]);
    await until(() => third.taken.length === 1);
    expect(third.taken[0]?.message).toEqual(task);
    expect(await one.bus.missingTasks([task])).toEqual([]);
  });

  test('a runner that stops → what it has can be settled; what comes late goes to others', async () => {
    const [one, two] = [await controller(), await runner()];
    const task = await handed(one, two);
    const runId = randomUUID();
    await reports(two, one, runId);
    const stopping = two.consumer.stop();
    const late = next(runId);
    await one.bus.publishTasks([late]);
    await stopping;
    expect(await one.bus.missingTasks([task])).toEqual([]);
    two.taken[0]?.ack();
    const third = await runner();
    // It was given back, or came too late to be: then its run is looked at when the runner leaves.
    await until(() => third.taken.length === 1 || one.rechecks.includes(runId), 2_500);
    await one.bus.publishTasks(await missingOf(one, late), { alone: true });
    await until(() => third.taken.length === 1);
    expect(idsOf(third.taken)).toEqual([late.id]);
    expect(idsOf(two.taken)).toEqual([task.id]);
  });

  test('a runner that has left, with its report still open → the stream', async () => {
    const [one, two] = [await controller(), await runner()];
    const runId = randomUUID();
    await reports(two, one, runId);
    await two.consumer.stop();
    await two.bus.ping();
    await one.bus.ping();
    await one.bus.publishTasks([next(runId)]);
    expect(await stored()).toHaveLength(1);
  });

  test('a runner leaves that has not got it → its run is looked at within a second', async () => {
    const [one, two] = [await controller(), await runner()];
    const task = await handed(one, two);
    const [taker] = await takers();
    server.publish(subjects.holding, JSON.stringify({ taker, tasks: [], isLeaving: true }));
    await until(() => one.rechecks.includes(task.runId), 2_000);
  });

  test('its slots are taken by the time it comes → it goes to another runner at once', async () => {
    const [one, two] = [await controller(), await runner(2)];
    const runId = randomUUID();
    await reports(two, one, runId);
    await one.bus.publishTasks(sampleTasks(2));
    await until(() => two.taken.length === 2);
    const third = await runner();
    await one.bus.publishTasks([next(runId)]);
    await until(() => third.taken.length === 1, 900);
    expect(third.taken[0]?.message).toEqual(next(runId));
  });

  test('a task from the stream comes to wait behind a long one → it goes to another runner', async () => {
    const [one, two] = [await controller(), await runner(2)];
    await handed(one, two);
    // It had asked for two when both of its slots were free.
    await one.bus.publishTasks(sampleTasks(2));
    await until(() => two.taken.length === 2);
    const beat = setInterval(() => two.taken.forEach((each) => each.working()), 500);
    onTestFinished(() => clearInterval(beat));
    const third = await runner();
    await until(() => third.taken.length === 1, 5_000);
    expect(idsOf(two.taken)).not.toContain(third.taken[0]?.message.id);
  });

  test('withdrawn → no lease is left to wait for', async () => {
    const [one, two] = [await controller(), await runner()];
    const task = await handed(one, two);
    await one.bus.withdrawTasks([task]);
    two.taken[0]?.ack();
    await sleep(4_200);
    expect(one.rechecks).toEqual([]);
  }, 10_000);

  test('what nobody can read → is logged, and what comes after is heard', async () => {
    const [one, two] = [await controller(), await runner()];
    await handed(one, two);
    const junk = ['', '{', '[]', '{"taker":"a.b","tasks":[],"isLeaving":false}', '{"taker":1}'];
    for (const text of junk) server.publish(subjects.holding, text);
    for (const text of ['', '\u0000[]x', '\u0000{}', '\u0000[{}]']) {
      for (const taker of await takers()) server.publish(subjects.handed(taker), text);
    }
    await server.flush();
    await until(() => logged.filter((event) => event === 'bus.message_refused').length >= 8);
    await handed(one, two);
  });

  /** Their names, as they tell them to whoever asks. */
  async function takers(): Promise<string[]> {
    const answer = await server.request(subjects.whoHolds, '');
    return [answer.json<{ taker: string }>().taker];
  }
});
