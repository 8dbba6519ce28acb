import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { type BundledTask, unpackBundle } from '../../src/bus/bundled-task.ts';
import { sampleTasks } from './samples.ts';

beforeEach(() => vi.useFakeTimers({ toFake: ['performance'] }));
afterEach(() => vi.useRealTimers());

function bundle(count: number): { parts: BundledTask[]; handedBack: string[] } {
  const handedBack: string[] = [];
  const delivery = { deliveries: 1, working: () => undefined, ack: () => undefined };
  const parts = unpackBundle({
    delivery,
    tasks: sampleTasks(count),
    handler: () => undefined,
    leave: () => undefined,
    handBack: ({ id }) => {
      handedBack.push(id);
      return Promise.resolve();
    },
    waiting: new Set(),
  });
  return { parts, handedBack };
}

test('asked often within a second, as for many queues → goes on waiting', () => {
  const { parts, handedBack } = bundle(2);
  for (let time = 0; time < 900; time += 100) {
    vi.advanceTimersByTime(100);
    expect(parts.map((part) => part.keepWaiting())).toEqual([true, true]);
  }
  expect(handedBack).toEqual([]);
});

test('no slot for longer than a second → goes to whoever has one', () => {
  const { parts, handedBack } = bundle(2);
  vi.advanceTimersByTime(1_100);
  expect(parts.map((part) => part.keepWaiting())).toEqual([false, false]);
  expect(handedBack).toEqual(parts.map(({ message }) => message.id));
});
