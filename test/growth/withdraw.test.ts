import { test } from 'vitest';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import { createJetStreamBus } from '../../src/bus/jetstream-bus.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { sampleTask } from '../bus/samples.ts';
import { natsService } from '../services/nats.ts';
import { until } from '../services/until.ts';

const TASKS = 4000;
const WITHDRAWN_EVERY = 40;

/** Withdraws some of the queued tasks while a runner works the queue off, a few at a time. */
async function withdrawUnderLoad(bus: Bus): Promise<void> {
  const tasks = Array.from({ length: TASKS }, () => sampleTask());
  const withdrawn = tasks.filter((_, index) => index % WITHDRAWN_EVERY === WITHDRAWN_EVERY - 1);
  const seen = new Set<string>();
  const consumer = await bus.consumeTasks({ queues: ['default'], maxInFlight: 32 }, (delivery) => {
    setTimeout(() => {
      seen.add(delivery.message.id);
      delivery.ack();
    }, 1);
  });
  const publishing = (async () => {
    for (let from = 0; from < TASKS; from += 500) {
      await bus.publishTasks(tasks.slice(from, from + 500));
    }
  })();
  for (const task of withdrawn) await bus.withdrawTasks([task]);
  await publishing;
  const gone = new Set(withdrawn.map(({ id }) => id));
  const others = tasks.filter(({ id }) => !gone.has(id));
  await until('every other task is delivered', () => {
    const left = others.filter(({ id }) => !seen.has(id)).length;
    if (left > 0) throw new Error(`${left} of ${others.length} tasks were never delivered`);
    return Promise.resolve(true);
  });
  await consumer.stop();
}

test('in process: tasks withdrawn while a queue is worked off → all others are delivered', async () => {
  const bus = createInProcessBus();
  await withdrawUnderLoad(bus);
  await bus.close();
}, 60_000);

const nats = await natsService();

test.skipIf(nats === null)(
  'JetStream: tasks withdrawn while a queue is worked off → all others are delivered',
  async () => {
    const bus = await createJetStreamBus({
      url: nats?.url ?? '',
      name: 'withdraw test',
      prefix: `withdraw${process.pid}`,
    });
    try {
      await withdrawUnderLoad(bus);
    } finally {
      await bus.close();
      await nats?.stop();
    }
  },
  60_000,
);
