import type { NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import { silentBusLog } from '../../src/bus/bus-log.ts';
import { HandedTasks } from '../../src/bus/handed-tasks.ts';
import { OpenOffers } from '../../src/bus/open-offers.ts';
import type { Presence } from '../../src/bus/presence.ts';
import { Subjects } from '../../src/bus/subjects.ts';
import { sampleTask } from './samples.ts';

test('more tasks than a call takes arguments, of two long fan-outs → all go by the stream', () => {
  const handed = new HandedTasks({
    connection: {} as NatsConnection,
    subjects: new Subjects('test'),
    offers: new OpenOffers(),
    isConnected: () => true,
    presence: {} as Presence,
    recheck: () => undefined,
    log: silentBusLog,
  });
  const task = sampleTask();
  const tasks = Array.from({ length: 200_000 }, (_, item) => ({ ...task, item }));
  expect(handed.hand(tasks)).toHaveLength(tasks.length);
});
