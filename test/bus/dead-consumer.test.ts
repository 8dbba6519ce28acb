import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Bus, Delivery } from '../../src/bus/bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import { Subjects } from '../../src/bus/subjects.ts';
import { natsService, type NatsService } from '../services/nats.ts';
import { sampleCheckpoint, sampleTask, sampleTasks } from './samples.ts';
import { until } from './until.ts';

const nats: NatsService | null = await natsService();
const subjects = new Subjects(`dead${process.pid}`);

/**
 * Two processes that replaced a broken stream at once left consumers that exist, send heartbeats to
 * who asks, and hand out nothing of what waits (nats-server 2.9.10). That takes luck; here the same is
 * done by hand: a consumer that may have one message unsettled is given one that nobody settles.
 */
describe.skipIf(nats === null)('a consumer that beats and hands out nothing', () => {
  let buses: Bus[];
  let behindTheirBack: NatsConnection;
  let jsm: JetStreamManager;
  let stalled: Set<string>;

  beforeEach(async () => {
    buses = [];
    stalled = new Set();
    behindTheirBack = await connect({ servers: nats?.url ?? '' });
    jsm = await jetstreamManager(behindTheirBack);
  });
  afterEach(async () => {
    await Promise.all(buses.map((bus) => bus.close()));
    await behindTheirBack.close();
  });
  afterAll(() => nats?.stop());

  async function open(): Promise<Bus> {
    const error = (event: string, fields?: unknown): void => {
      if (event === 'nats.consumer_stalled') stalled.add((fields as { stream: string }).stream);
    };
    const log = { info: () => undefined, warn: () => undefined, error };
    const { prefix } = subjects;
    const bus = await createJetStreamBus({
      url: nats?.url ?? '',
      name: 'test',
      prefix,
      log,
    });
    buses.push(bus);
    return bus;
  }

  /** From now on it hands out nothing until the one message that it has handed out is settled. */
  async function kill(stream: string, consumer: string): Promise<void> {
    const settings = { max_ack_pending: 1, ack_wait: nanos(600_000) };
    await jsm.consumers.update(stream, consumer, settings);
  }

  test('→ runners and controller make theirs anew, and all that waits arrives; a full runner is left alone', async () => {
    const [controller, runner, other] = [await open(), await open(), await open()];
    const tasks: Delivery<unknown>[] = [];
    const steps = new Set<number>();
    const checkpoints = new Set<number>();
    for (const bus of [runner, other]) {
      await bus.consumeTasks({ queues: ['dead'], maxInFlight: 100 }, (delivery) => {
        tasks.push(delivery);
        steps.add(delivery.message.step);
      });
    }
    await controller.consumeCheckpoints({ maxInFlight: 100 }, (batch) => {
      for (const { message } of batch) checkpoints.add(message.step);
    });
    // A queue with work waiting that nobody asks for is no dead one.
    const full: Delivery<unknown>[] = [];
    await runner.consumeTasks({ queues: ['full'], maxInFlight: 1 }, (delivery) => {
      full.push(delivery);
    });
    await kill(subjects.taskStream, 'dead');
    await kill(subjects.checkpointStream, 'controllers');
    const read: number[] = [];
    await runner.consumeTasks({ queues: ['elsewhere'], maxInFlight: 100 }, (delivery) => {
      read.push(delivery.message.step);
    });
    const filter = subjects.queueTasks('nowhere');
    await jsm.consumers.update(subjects.taskStream, 'elsewhere', { filter_subject: filter });
    // So few that each is a message of its own.
    const sent = sampleTasks(15, { queue: 'dead' });
    const unseen = sampleTasks(3, { queue: 'elsewhere' });
    await controller.publishTasks([...sent, ...unseen, ...sampleTasks(5, { queue: 'full' })]);
    await runner.publishCheckpoints(sent.map((task) => sampleCheckpoint(null, task)));
    await until(() => steps.size > 0 && checkpoints.size > 0 && full.length > 0);

    const look = () =>
      Promise.all([
        jsm.consumers.info(subjects.taskStream, 'dead'),
        jsm.consumers.info(subjects.checkpointStream, 'controllers'),
      ]);
    const dead = await look();
    expect(dead.map((each) => [each.num_pending, each.num_ack_pending])).toEqual([
      [14, 1],
      [14, 1],
    ]);
    expect([steps.size, checkpoints.size]).toEqual([1, 1]);

    await until(() => steps.size === 15 && checkpoints.size === 15, 60_000);
    expect(stalled).toEqual(new Set([subjects.taskStream, subjects.checkpointStream]));
    expect(full).toHaveLength(1);
    // For this one the server says that nothing waits.
    await until(() => read.length === unseen.length, 60_000);
    // Others, not the same brought to its settings, which helps no consumer that is really dead.
    for (const [index, made] of (await look()).entries()) {
      expect(made.created).not.toBe(dead[index]?.created);
      expect(made.config.max_ack_pending).toBe(-1);
    }
    for (const delivery of tasks) delivery.ack();
    await controller.publishTasks([sampleTask({ queue: 'dead', step: 99 })]);
    await until(() => steps.has(99));
  }, 90_000);
});
