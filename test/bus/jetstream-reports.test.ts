import { randomUUID } from 'node:crypto';
import { createInbox, type NatsConnection, RequestError } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Consumer, Delivery } from '../../src/bus/bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import type { Checkpoint } from '../../src/task/task.ts';
import { natsService } from '../services/nats.ts';
import { memoryBlobs } from './memory-blobs.ts';
import { sampleCheckpoint } from './samples.ts';
import { until } from './until.ts';

const nats = await natsService();
let opened = 0;

afterAll(async () => {
  await nats?.stop();
});

describe.skipIf(nats === null)('reports of a runner, straight to a controller', () => {
  let prefix: string;
  let buses: Bus[];
  let logged: string[];

  beforeEach(() => {
    opened += 1;
    prefix = `reports${process.pid}x${opened}`;
    buses = [];
    logged = [];
  });

  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
  });

  async function open(): Promise<Bus> {
    const note = (event: string): void => void logged.push(event);
    const log = { info: note, warn: note, error: note };
    const bus = await createJetStreamBus({ url: nats?.url ?? '', name: 'reports', prefix, log });
    buses.push(bus);
    return bus;
  }

  interface Controller {
    readonly bus: Bus;
    readonly got: Delivery<Checkpoint>[];
    readonly consumer: Consumer;
  }

  /** A controller that does this with whatever comes. */
  async function controller(
    handle: (delivery: Delivery<Checkpoint>) => void,
    maxInFlight = 1_000,
  ): Promise<Controller> {
    const bus = await open();
    const got: Delivery<Checkpoint>[] = [];
    const consumer = await bus.consumeCheckpoints({ maxInFlight }, (batch) => {
      for (const delivery of batch) {
        got.push(delivery);
        handle(delivery);
      }
    });
    return { bus, got, consumer };
  }

  const record = (delivery: Delivery<Checkpoint>): void => delivery.ack();
  const keep = (): void => undefined;
  const idsOf = ({ got }: Controller) => got.map(({ message }) => message.taskId);
  const someOf = (count: number) => Array.from({ length: count }, (_, n) => sampleCheckpoint(n));

  const connectionOf = (bus: Bus) => (bus as unknown as { connection: NatsConnection }).connection;

  /** As after SIGKILL: no goodbye, only a connection that ends, and a server that has noticed. */
  async function dies({ bus }: Controller, witness: Bus): Promise<void> {
    const inbox = createInbox();
    connectionOf(bus).subscribe(inbox, { callback: () => undefined });
    await bus.ping();
    await connectionOf(bus).close();
    await until(() =>
      connectionOf(witness)
        .request(inbox, '', { timeout: 500 })
        .then(
          () => false,
          (error: unknown) => error instanceof RequestError && error.isNoResponders(),
        ),
    );
  }

  /** A runner that has heard of them all. */
  async function runner(...controllers: readonly Controller[]): Promise<Bus> {
    const bus = await open();
    for (const { bus: other } of controllers) await other.ping();
    await bus.ping();
    return bus;
  }

  test('not recorded yet → the report is open; recorded → it resolves', async () => {
    const one = await controller(keep);
    const bus = await runner(one);
    let isSafe = false;
    const report = bus.reportCheckpoints(someOf(3)).then(() => (isSafe = true));
    await until(() => one.got.length === 3);
    one.got[0]?.ack();
    one.got[1]?.ack();
    await bus.ping();
    expect(isSafe).toBe(false);
    one.got[2]?.ack();
    await report;
  });

  test('a controller that cannot record it → it is stored and comes again', async () => {
    const one = await controller((delivery) => {
      if (one.got.length === 2) delivery.release();
      else delivery.ack();
    });
    const bus = await runner(one);
    const sent = someOf(3);
    await bus.reportCheckpoints(sent);
    await until(() => one.got.length === 4);
    expect(idsOf(one)[3]).toBe(sent[1]?.taskId);
  });

  test('a report that the controller cannot read → refused at once, and stored', async () => {
    const one = await controller(record);
    const bus = await runner(one);
    const began = performance.now();
    await bus.reportCheckpoints([{ ...sampleCheckpoint(), runner: 7 as unknown as string }]);
    expect(performance.now() - began).toBeLessThan(2_000);
    // As a report and from the stream, where nobody else could read it either.
    await until(() => logged.filter((event) => event === 'bus.message_refused').length === 2);
    expect(logged).not.toContain('nats.recorder_silent');
    expect(one.got).toEqual([]);
  });

  test('no controller at all → it is stored until one comes', async () => {
    const bus = await open();
    const sent = someOf(5);
    await bus.reportCheckpoints(sent);
    const late = await controller(record);
    await until(() => late.got.length === 5);
    expect(new Set(idsOf(late))).toEqual(new Set(sent.map(({ taskId }) => taskId)));
  });

  test('a controller that is gone without a word → at once stored, for another', async () => {
    const gone = await controller(record);
    const bus = await runner(gone);
    await dies(gone, bus);
    const began = performance.now();
    await bus.reportCheckpoints(someOf(2));
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(logged).toContain('nats.recorder_silent');
    const other = await controller(record);
    await until(() => other.got.length === 2);
  });

  test('a controller that stands still → stored before long, and it comes to another', async () => {
    const still = await controller(keep);
    const bus = await runner(still);
    await bus.reportCheckpoints(someOf(2));
    expect(logged).toContain('nats.recorder_silent');
    await still.consumer.stop();
    const other = await controller(record);
    await until(() => other.got.length === 2);
  });

  test('more than a controller takes at a time → the rest comes when there is room', async () => {
    const one = await controller(keep, 10);
    const bus = await runner(one);
    const reports = Promise.all([
      bus.reportCheckpoints(someOf(10)),
      bus.reportCheckpoints(someOf(5)),
    ]);
    const settled = new Set<Delivery<Checkpoint>>();
    await until(() => {
      for (const delivery of one.got) {
        if (settled.size === one.got.length) break;
        settled.add(delivery);
        delivery.ack();
      }
      return new Set(idsOf(one)).size === 15;
    });
    await reports;
  });

  test('3,000 of many sizes at once, some over 256 KiB → each arrives unchanged', async () => {
    const one = await controller(record, 10_000);
    await one.bus.serveBlobs(memoryBlobs());
    const bus = await runner(one);
    const sent = Array.from({ length: 3_000 }, (_, n) =>
      sampleCheckpoint('ü'.repeat(n % 500 === 0 ? 200_000 : n)),
    );
    await bus.reportCheckpoints(sent);
    await until(() => one.got.length >= sent.length);
    const byId = new Map(one.got.map(({ message }) => [message.taskId, message]));
    for (const checkpoint of sent) expect(byId.get(checkpoint.taskId)).toEqual(checkpoint);
  });

  test('a controller that stops → answers what was on its way, which goes by the stream', async () => {
    const stops: Promise<void>[] = [];
    const one = await controller((delivery) => {
      stops.push(one.consumer.stop());
      delivery.ack();
    });
    const bus = await runner(one);
    const began = performance.now();
    // One read of the socket brings them all.
    await Promise.all(someOf(20).map((checkpoint) => bus.reportCheckpoints([checkpoint])));
    expect(performance.now() - began).toBeLessThan(2_000);
    expect(logged).not.toContain('nats.recorder_silent');
    await Promise.all(stops);
    expect(one.got).toHaveLength(1);
    const other = await controller(record);
    await until(() => other.got.length === 19);
  });

  test('two controllers → every run has one home, about half of them each', async () => {
    const [a, b] = [await controller(record), await controller(record)];
    const bus = await runner(a, b);
    const runs = Array.from({ length: 1_000 }, () => randomUUID());
    await until(() => runs.every((id) => a.bus.isOurs(id) !== b.bus.isOurs(id)));
    const share = runs.filter((id) => a.bus.isOurs(id)).length;
    expect(share).toBeGreaterThan(400);
    expect(share).toBeLessThan(600);
    const sent = someOf(200);
    await bus.reportCheckpoints(sent);
    for (const each of [a, b]) {
      expect(each.got.every(({ message }) => each.bus.isOurs(message.runId))).toBe(true);
    }
    expect(a.got.length + b.got.length).toBe(200);
  });

  test('one of two leaves → the other has all of its runs', async () => {
    const [a, b] = [await controller(record), await controller(record)];
    const bus = await runner(a, b);
    await b.consumer.stop();
    await until(() =>
      Array.from({ length: 50 }, () => randomUUID()).every((id) => a.bus.isOurs(id)),
    );
    await bus.reportCheckpoints(someOf(50));
    // The runner may hear of it later than the other controller: then some go by the stream.
    await until(() => a.got.length === 50);
  });

  test('one of two dies → its runs are the other one’s before long', async () => {
    const [a, b] = [await controller(record), await controller(record)];
    await until(() =>
      Array.from({ length: 50 }, () => randomUUID()).some((id) => b.bus.isOurs(id)),
    );
    await a.bus.ping();
    await dies(b, a.bus);
    const runs = Array.from({ length: 50 }, () => randomUUID());
    expect(runs.every((id) => a.bus.isOurs(id))).toBe(false);
    await until(() => runs.every((id) => a.bus.isOurs(id)));
  });

  test('a process that consumes nothing → no run is its own', async () => {
    const one = await controller(record);
    const bus = await runner(one);
    const runId = randomUUID();
    expect([one.bus.isOurs(runId), bus.isOurs(runId)]).toEqual([true, false]);
  });
});
