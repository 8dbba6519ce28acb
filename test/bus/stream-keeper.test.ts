import type { JetStreamManager } from '@nats-io/jetstream';
import { describe, expect, test } from 'vitest';
import { silentBusLog } from '../../src/bus/bus-log.ts';
import { StreamKeeper } from '../../src/bus/stream-keeper.ts';
import { Subjects } from '../../src/bus/subjects.ts';
import { sampleTask } from './samples.ts';
import { until } from './until.ts';

const subjects = new Subjects('behest');
const { taskStream, checkpointStream, activityStream } = subjects;

/** A server that makes each stream when it is told to. */
function slowServer() {
  const held = new Set<string>();
  const waiting: { readonly name: string; readonly end: (failure?: Error) => void }[] = [];
  const add = ({ name }: { readonly name: string }) =>
    new Promise((resolve, reject) => {
      const end = (failure?: Error): void => {
        if (failure !== undefined) return reject(failure);
        held.add(name);
        resolve({ created: 'just now' });
      };
      waiting.push({ name, end });
    });
  const remove = (name: string) => Promise.resolve(held.delete(name));
  const jsm = { streams: { add, delete: remove } } as unknown as JetStreamManager;
  /** Answers when it is asked for this stream. */
  const makes = async (name: string, failure?: Error): Promise<void> => {
    await until(() => waiting[0]?.name === name);
    waiting.shift()?.end(failure);
  };
  return { jsm, held, makes };
}

describe('a stream replaced by a process that is just making sure of all streams', () => {
  test.each([
    ['succeeds', undefined],
    ['fails', new Error('out of reach')],
  ])(
    'and was past it already, and %s → the stream is made anew all the same',
    async (_how, failure) => {
      const { jsm, held, makes } = slowServer();
      const keeper = new StreamKeeper({ jsm, subjects, replicas: 1, log: silentBusLog });
      const first = Promise.allSettled([keeper.ensure()]);
      await makes(taskStream);
      const replaced = keeper.replace(subjects.task(sampleTask()));
      await makes(checkpointStream);
      await makes(activityStream, failure);
      await first;
      for (const name of [taskStream, checkpointStream, activityStream]) await makes(name);
      await replaced;
      expect([...held].toSorted()).toEqual([activityStream, checkpointStream, taskStream]);
    },
  );
});
