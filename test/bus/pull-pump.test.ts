import type { NatsConnection } from '@nats-io/transport-node';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentBusLog } from '../../src/bus/bus-log.ts';
import { PullPump } from '../../src/bus/pull-pump.ts';
import { Slots } from '../../src/bus/slots.ts';
import { taskSource } from '../../src/bus/streams.ts';
import { Subjects } from '../../src/bus/subjects.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test('the server is away → nothing that waits is given back to it; back → it is asked again', async () => {
  const slots = new Slots(1);
  let asked = 0;
  const waiting = {
    enter: () => undefined,
    release: () => undefined,
    keepWaiting: () => {
      asked += 1;
      return true;
    },
  };
  slots.enter(waiting);
  slots.enter(waiting);
  let isConnected = false;
  const connection = {
    subscribe: () => ({ unsubscribe: () => undefined }),
    isClosed: () => false,
  } as unknown as NatsConnection;
  const none = () => Promise.reject(new Error('nobody asks for this'));
  const pump = new PullPump({
    connection,
    source: taskSource(new Subjects('pump'), 'default', 4_000),
    slots,
    shared: false,
    onMessage: () => undefined,
    recreate: none,
    inspect: none,
    discard: none,
    isConnected: () => isConnected,
    log: silentBusLog,
  });
  vi.advanceTimersByTime(5_000);
  expect(asked).toBe(0);
  isConnected = true;
  vi.advanceTimersByTime(1_100);
  expect(asked).toBe(2);
  isConnected = false;
  await pump.stop();
});
