import { expect, test } from 'vitest';
import type { Signal } from '../bus/bus.ts';
import { Announcer } from './announcer.ts';

/** An announcer whose clock is moved by hand; `said` is what watchers hear, with its time. */
function rig() {
  let now = 1_000;
  let sleepers: { at: number; wake: () => void }[] = [];
  const said: string[] = [];
  const clock = {
    now: () => now,
    sleep: (ms: number) => new Promise<void>((wake) => void sleepers.push({ at: now + ms, wake })),
  };
  const broadcast = (signal: Signal): void => {
    if (signal.kind !== 'changed') throw new Error(`unexpected ${signal.kind}`);
    const { runIds, ended = [] } = signal;
    said.push(`${now - 1_000}: ${runIds.join(' ')} | ${ended.join(' ')}`);
  };
  const announcer = new Announcer({ bus: { broadcast }, clock });
  const passes = async (ms: number): Promise<void> => {
    now += ms;
    const due = sleepers.filter(({ at }) => at <= now);
    sleepers = sleepers.filter(({ at }) => at > now);
    for (const { wake } of due) wake();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { announcer, said, passes, setBack: (ms: number) => (now -= ms) };
}

test('the first news after a pause → at once; what follows → together, 10 ms later', async () => {
  const { announcer, said, passes } = rig();
  announcer.changed(['a'], []);
  await passes(2);
  announcer.changed(['a', 'b'], []);
  await passes(2);
  announcer.changed(['b', 'c'], []);
  await passes(6);
  await passes(30);
  announcer.changed(['d'], []);
  expect(said).toEqual(['0: a | ', '10: a b c | ', '40: d | ']);
});

test('an end → at once, with what waits; nothing is said twice', async () => {
  const { announcer, said, passes } = rig();
  announcer.changed(['a'], []);
  announcer.changed(['a', 'b'], []);
  announcer.changed(['c'], ['c']);
  await passes(50);
  expect(said).toEqual(['0: a | ', '0: a b c | c']);
});

test('nothing has changed → nothing is said', async () => {
  const { announcer, said, passes } = rig();
  announcer.changed([], []);
  announcer.flush();
  await passes(50);
  expect(said).toEqual([]);
});

test('flushed → what waits is said now', async () => {
  const { announcer, said, passes } = rig();
  announcer.changed(['a'], []);
  announcer.changed(['b'], []);
  announcer.flush();
  await passes(50);
  expect(said).toEqual(['0: a | ', '0: b | ']);
});

test('the clock is set back → news wait no longer than ever', async () => {
  const { announcer, said, passes, setBack } = rig();
  announcer.changed(['a'], []);
  setBack(3_600_000);
  announcer.changed(['b'], []);
  await passes(10);
  expect(said).toHaveLength(2);
});
