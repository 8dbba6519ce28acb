import type { Msg, MsgCallback, NatsConnection } from '@nats-io/transport-node';
import { expect, test } from 'vitest';
import type { Delivery } from '../../src/bus/bus.ts';
import { BundleOpener } from '../../src/bus/bundle-opener.ts';
import { silentBusLog as log } from '../../src/bus/bus-log.ts';
import { encodeTexts } from '../../src/bus/codec.ts';
import { HandedIntake } from '../../src/bus/handed-intake.ts';
import type { Holding } from '../../src/bus/holding.ts';
import { Slots } from '../../src/bus/slots.ts';
import { Subjects } from '../../src/bus/subjects.ts';
import type { Task } from '../../src/task/task.ts';
import { sampleTask } from './samples.ts';
import { until } from './until.ts';

/** An intake without a server; `drained` says that all that was sent to it has been heard. */
function rig({ maxPayload = 1_048_576, slots = 10 } = {}) {
  const words: Holding[] = [];
  const taken: Delivery<Task>[] = [];
  const listeners = new Map<string, MsgCallback<Msg>>();
  const drain = Promise.withResolvers<void>();
  const connection = {
    info: { max_payload: maxPayload },
    subscribe: (subject: string, { callback }: { readonly callback: MsgCallback<Msg> }) => {
      listeners.set(subject, callback);
      return { unsubscribe: () => undefined, drain: () => drain.promise };
    },
    publish: (_: string, word: string) => void words.push(JSON.parse(word) as Holding),
    isClosed: () => false,
  } as unknown as NatsConnection;
  const subjects = new Subjects('test');
  const ways = { store: () => Promise.resolve(), recheck: () => undefined };
  const intake = new HandedIntake({
    connection,
    subjects,
    queues: ['default'],
    slots: new Slots(slots),
    bundles: new BundleOpener({ connection, subjects, ...ways, log }),
    handler: (delivery) => void taken.push(delivery),
    isConnected: () => true,
    log,
  });
  const gets = (task: Task): void => {
    const subject = subjects.handed(words[0]?.taker ?? '');
    const data = encodeTexts([JSON.stringify(task)]);
    void listeners.get(subject)?.(null, { subject, data } as Msg);
  };
  return { intake, words, taken, gets, drained: drain.resolve };
}

test.each([
  { maxPayload: 1_048_576, slots: 1, room: null },
  { maxPayload: 1_048_576, slots: 9, room: 4 },
  { maxPayload: 1_048_576, slots: 100_000, room: 4_096 },
  { maxPayload: 8_192, slots: 100_000, room: 64 },
  { maxPayload: 4_096, slots: 100_000, room: null },
])('$slots slots, messages of $maxPayload bytes → offers $room places', ({ room, ...given }) => {
  const { intake } = rig(given);
  expect(intake.offer()?.room ?? null).toBe(room);
  intake.close();
});

test('it stops, and its last task ends while more may be on its way → it leaves after that', async () => {
  const { intake, words, taken, gets, drained } = rig();
  gets(sampleTask());
  const stopping = intake.stop();
  taken[0]?.ack();
  gets(sampleTask());
  expect(words.filter(({ isLeaving }) => isLeaving)).toEqual([]);
  drained();
  await stopping;
  await until(() => words.at(-1)?.isLeaving === true);
  expect(taken).toHaveLength(1);
});
