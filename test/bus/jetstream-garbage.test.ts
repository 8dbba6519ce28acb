import { randomUUID } from 'node:crypto';
import { connect, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Signal } from '../../src/bus/bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import type { Checkpoint } from '../../src/task/task.ts';
import { natsService } from '../services/nats.ts';
import { memoryBlobs } from './memory-blobs.ts';
import { sampleCheckpoint, sampleTasks } from './samples.ts';
import { until } from './until.ts';

const nats = await natsService();
let opened = 0;

afterAll(async () => {
  await nats?.stop();
});

/** None of it is what anybody of us says, wherever it arrives. */
const GARBAGE = [
  ...['', 'no JSON', '\0{"id"', 'null', '7', '"text"', '[]', '[null]', '{}', '\0null', '\0[{}]'],
  ...['{"kind":null}', '{"kind":"else"}', '{"kind":"here"}', '{"kind":"here","recorder":7}'],
  ...['{"kind":"here","recorder":"a b"}', '{"kind":"leaving","recorder":null}'],
  ...['{"kind":"cancel","runId":"r"}', '{"kind":"cancel","runId":"r","tasks":[7]}'],
  ...['{"kind":"nudge","runIds":7}', '{"kind":"nudge","runIds":[],"created":7}'],
  ...['{"kind":"changed","runIds":[null]}', '{"kind":"reconcile","source":{}}'],
  ...['{"size":"1"}', '{"size":-1}', '{"size":0.5}', '{"size":1e300}', '{"error":null}'],
  ...['{"digest":7,"offset":0,"length":1}', '{"digest":"d","offset":"x","length":{}}'],
];

/** What the client keeps of one connection. */
interface Protocol {
  readonly subscriptions: { all(): { readonly subject: string; readonly queue?: string }[] };
  /** A line `-ERR` of the server. */
  processError(line: Uint8Array): void;
}

describe.skipIf(nats === null)('messages that nobody of us sends', () => {
  let prefix: string;
  let foreign: NatsConnection;
  let buses: Bus[];
  let logged: { readonly event: string; readonly fields: unknown }[];

  beforeEach(async () => {
    opened += 1;
    prefix = `garbage${process.pid}x${opened}`;
    buses = [];
    logged = [];
    foreign = await connect({ servers: nats?.url ?? '' });
  });

  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await foreign.close();
  });

  async function open(): Promise<Bus> {
    const note = (event: string, fields?: unknown): void => void logged.push({ event, fields });
    const log = { info: note, warn: note, error: note };
    const bus = await createJetStreamBus({ url: nats?.url ?? '', name: 'garbage', prefix, log });
    buses.push(bus);
    return bus;
  }

  const eventsOf = (event: string) => logged.filter((each) => each.event === event);

  function protocolOf(bus: Bus): Protocol {
    return (bus as unknown as { connection: { protocol: Protocol } }).connection.protocol;
  }

  function subjectsOf(bus: Bus): string[] {
    return protocolOf(bus)
      .subscriptions.all()
      .map(({ subject }) => subject.replace('*', '1'));
  }

  /** A controller and a runner that use all that a bus offers. */
  async function atWork() {
    const [controller, runner] = [await open(), await open()];
    const blobs = memoryBlobs();
    const signals: Signal[] = [];
    const done = new Set<string>();
    await controller.serveBlobs(blobs);
    await controller.consumeActivity({ maxInFlight: 10 }, () => undefined);
    await controller.consumeCheckpoints({ maxInFlight: 100 }, (batch) => {
      for (const delivery of batch) {
        done.add(delivery.message.taskId);
        delivery.ack();
      }
    });
    for (const kind of ['cancel', 'nudge', 'changed', 'reconcile'] as const) {
      controller.onSignal(kind, (signal) => void signals.push(signal));
    }
    await runner.consumeTasks({ queues: ['default'], maxInFlight: 10 }, (delivery) => {
      const checkpoint = sampleCheckpoint(null, delivery.message);
      runner.reportCheckpoints([checkpoint]).then(
        () => delivery.ack(),
        () => delivery.release(),
      );
    });
    await Promise.all([controller.ping(), runner.ping()]);
    const works = async (): Promise<void> => {
      const tasks = sampleTasks(10);
      await controller.publishTasks(tasks);
      const digest = await runner.putBlob(Buffer.from(`blob ${opened}`));
      expect(Buffer.from(await runner.getBlob(digest)).toString()).toBe(`blob ${opened}`);
      runner.broadcast({ kind: 'changed', runIds: ['run'] });
      await until(() => signals.length > 0 && tasks.every(({ id }) => done.has(id)));
      expect(signals.splice(0)).toEqual([{ kind: 'changed', runIds: ['run'] }]);
    };
    return { controller, runner, works };
  }

  test('garbage wherever we listen → is refused, and work goes on', async () => {
    const { controller, runner, works } = await atWork();
    await works();
    const put = JSON.stringify({ size: 100 });
    await foreign.request(`${prefix}.blobs.put`, put);
    for (const bus of [controller, runner]) {
      const subjects = subjectsOf(bus);
      // Presence, publishing, reports, requests; then what each of the two has of its own.
      expect(subjects.length).toBeGreaterThanOrEqual(bus === runner ? 5 : 14);
      for (const subject of subjects) {
        for (const text of GARBAGE) {
          foreign.publish(subject, text);
          foreign.publish(subject, text, { reply: 'nobody.listens.here' });
        }
        await foreign.flush();
        expect(await bus.ping()).toBeGreaterThanOrEqual(0);
      }
    }
    expect(eventsOf('bus.message_refused')).not.toEqual([]);
    // None of it was taken for another controller, which would have a share of the runs.
    const runs = Array.from({ length: 50 }, () => randomUUID());
    expect(runs.filter((id) => !controller.isOurs(id))).toEqual([]);
    await works();
  }, 30_000);

  test('a report whose answer cannot be read → counts as not recorded, and is stored', async () => {
    const [controller, runner] = [await open(), await open()];
    const answers = ['null', '7', '{}', 'no JSON', '["x"]', '[0.5]', '"none"', '[[0]]'];
    const left = [...answers];
    const callback = (_error: unknown, msg: Msg): void => void msg.respond(left.shift());
    foreign.subscribe(`${prefix}.reports.foreign`, { callback });
    foreign.publish(`${prefix}.signals.presence`, '{"kind":"here","recorder":"foreign"}');
    await foreign.flush();
    await runner.ping();
    const sent = answers.map((answer) => sampleCheckpoint(answer));
    for (const checkpoint of sent) await runner.reportCheckpoints([checkpoint]);
    expect(left).toEqual([]);
    const got: Checkpoint[] = [];
    await controller.consumeCheckpoints({ maxInFlight: 100 }, (batch) => {
      got.push(...batch.map(({ message }) => message));
    });
    await until(() => got.length === sent.length);
    expect(eventsOf('nats.recorder_silent')).toEqual([]);
  });

  test('a subscription that the server refuses → is logged, and nothing else', async () => {
    const { controller, runner } = await atWork();
    for (const bus of [controller, runner]) {
      const protocol = protocolOf(bus);
      for (const { subject, queue } of protocol.subscriptions.all()) {
        const group = queue === undefined ? '' : ` using queue "${queue}"`;
        const line = `'Permissions Violation for Subscription to "${subject}"${group}'`;
        expect(() => protocol.processError(Buffer.from(line))).not.toThrow();
      }
    }
    const refused = eventsOf('bus.subscription_refused').map(
      ({ fields }) => (fields as { readonly subject: string }).subject,
    );
    expect(refused).toContain(`${prefix}.signals.presence`);
    expect(refused).toContain(`${prefix}.blobs.put`);
    expect(refused.length).toBeGreaterThanOrEqual(16);
  });

  test('more uploads at once than are held → the last gets no answer, the process goes on', async () => {
    const bus = await open();
    await bus.serveBlobs(memoryBlobs());
    const put = JSON.stringify({ size: 60 * 1024 * 1024 });
    for (let n = 0; n < 5; n += 1) foreign.publish(`${prefix}.blobs.put`, put, { reply: 'nobody' });
    await foreign.flush();
    expect(await bus.ping()).toBeGreaterThanOrEqual(0);
    expect(eventsOf('blob.request_failed')).toHaveLength(1);
  });

  /** What the blob server answers: whether it did what it was asked, and the rest of it. */
  async function ask(subject: string, body: string | Uint8Array) {
    const { data } = await foreign.request(subject, body, { timeout: 10_000 });
    return { isDone: data[0] === 0, text: Buffer.from(data.subarray(9)).toString() };
  }

  /** 256 MiB may be under way, not less and not more. */
  async function expectAllRoomFree(bus: Bus): Promise<void> {
    const put = `${prefix}.blobs.put`;
    const failed = eventsOf('blob.request_failed').length;
    for (let n = 0; n < 4; n += 1) {
      expect(await ask(put, JSON.stringify({ size: 64 * 1024 * 1024 }))).toMatchObject({
        isDone: true,
      });
    }
    foreign.publish(put, JSON.stringify({ size: 1 }), { reply: 'nobody' });
    await foreign.flush();
    await bus.ping();
    expect(eventsOf('blob.request_failed')).toHaveLength(failed + 1);
  }

  test('uploads of no size → take no room', async () => {
    const bus = await open();
    await bus.serveBlobs(memoryBlobs());
    for (const size of ['1', -1, 0.5, null, {}, [7]]) {
      foreign.publish(`${prefix}.blobs.put`, JSON.stringify({ size }), { reply: 'nobody' });
    }
    await foreign.flush();
    await bus.ping();
    await expectAllRoomFree(bus);
  });

  test('an upload that goes on while it is being stored → gives its room back once', async () => {
    const bus = await open();
    const storing = Promise.withResolvers<string>();
    await bus.serveBlobs({ get: () => Promise.resolve(null), put: () => storing.promise });
    const { text: session } = await ask(`${prefix}.blobs.put`, JSON.stringify({ size: 3 }));
    const stored = ask(session, 'all');
    expect(await ask(session, '!')).toMatchObject({ isDone: false });
    storing.resolve('its digest');
    expect(await stored).toEqual({ isDone: true, text: 'its digest' });
    await expectAllRoomFree(bus);
  });

  test('a piece of a blob that fits into no message → no answer, the process goes on', async () => {
    const bus = await open();
    const blobs = memoryBlobs();
    await bus.serveBlobs(blobs);
    const bytes = 1 + (foreign.info?.max_payload ?? 0);
    const digest = await blobs.put(new Uint8Array(bytes));
    for (const length of [bytes, -1, '1', null]) {
      const request = JSON.stringify({ digest, offset: 0, length });
      foreign.publish(`${prefix}.blobs.get`, request, { reply: 'nobody' });
    }
    await foreign.flush();
    await bus.ping();
    await until(() => eventsOf('blob.request_failed').length === 4);
    expect((await bus.getBlob(digest)).byteLength).toBe(bytes);
  });
});
