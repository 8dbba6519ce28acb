import type { Msg, MsgCallback, NatsConnection } from '@nats-io/transport-node';
import { expect, onTestFinished, test } from 'vitest';
import { silentBusLog } from '../../src/bus/bus-log.ts';
import { HandedTasks } from '../../src/bus/handed-tasks.ts';
import { OpenOffers } from '../../src/bus/open-offers.ts';
import type { Presence } from '../../src/bus/presence.ts';
import { Subjects } from '../../src/bus/subjects.ts';
import type { TaskId } from '../../src/task/task.ts';
import { sampleCheckpoint, sampleTask, sampleTasks } from './samples.ts';

/** A controller's side without a server, all runs its own; `says` is the word of a runner. */
function rig() {
  const listeners: MsgCallback<Msg>[] = [];
  const connection = {
    subscribe: (_: string, { callback }: { readonly callback: MsgCallback<Msg> }) =>
      void listeners.push(callback),
    publish: () => undefined,
  } as unknown as NatsConnection;
  const offers = new OpenOffers();
  const handed = new HandedTasks({
    connection,
    subjects: new Subjects('test'),
    offers,
    isConnected: () => true,
    presence: { isOurs: () => true } as unknown as Presence,
    recheck: () => undefined,
    log: silentBusLog,
  });
  handed.listen();
  onTestFinished(() => handed.close());
  const says = (tasks: readonly TaskId[]): void => {
    const msg = { json: () => ({ taker: 'runner', tasks, isLeaving: false }) } as unknown as Msg;
    for (const hear of listeners) void hear(null, msg);
  };
  return { handed, offers, says };
}

test('what others handed over → is known when it is told twice', () => {
  const { handed, says } = rig();
  const { id } = sampleTask();
  says([id]);
  expect(handed.has(id)).toBe(false);
  says([id]);
  expect(handed.has(id)).toBe(true);
});

test('it has been reported, and its runner has not heard so yet → nobody waits for it', () => {
  const { handed, offers, says } = rig();
  says([]);
  const [first, next] = sampleTasks(2);
  const offer = { taker: 'runner', room: 1, queues: ['default'] };
  offers.open(offer, [sampleCheckpoint(null, first)]);
  expect(handed.hand([next!])).toEqual([]);
  says([next!.id]);
  handed.ended(next!.id);
  says([next!.id]);
  expect(handed.has(next!.id)).toBe(false);
});

test('more tasks than a call takes arguments, of two long fan-outs → all go by the stream', () => {
  const { handed } = rig();
  const task = sampleTask();
  const tasks = Array.from({ length: 200_000 }, (_, item) => ({ ...task, item }));
  expect(handed.hand(tasks)).toHaveLength(tasks.length);
});
