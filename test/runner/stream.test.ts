import { expect, test } from 'vitest';
import { silentLog } from '../../src/runner/runner-log.ts';
import { ActivityStream } from '../../src/runner/stream.ts';
import type { ActivityEntry } from '../../src/task/task.ts';
import { sampleEntry } from '../bus/samples.ts';
import { until } from '../bus/until.ts';

test('many lines → batches, nothing lost, order kept', async () => {
  const batches: (readonly ActivityEntry[])[] = [];
  const publish = (entries: readonly ActivityEntry[]): Promise<void> => {
    batches.push(entries);
    return Promise.resolve();
  };
  const stream = new ActivityStream({ publish, log: silentLog });
  for (let n = 0; n < 1_050; n += 1) stream.write(sampleEntry('r', `${n}`));
  await until(() => batches.flat().length === 1_050);
  expect(batches.flat().map(({ message }) => Number(message))).toEqual(
    Array.from({ length: 1_050 }, (_, n) => n),
  );
  expect(batches.length).toBeLessThan(15);
});

test('a transport that hangs → writing stays quick, memory bounded, drops are told', async () => {
  let release: () => void = () => undefined;
  const published: ActivityEntry[] = [];
  const publish = async (entries: readonly ActivityEntry[]): Promise<void> => {
    published.push(...entries);
    if (published.length === entries.length) await new Promise<void>((done) => (release = done));
  };
  const stream = new ActivityStream({ publish, log: silentLog, maxBuffered: 200 });
  const started = performance.now();
  for (let n = 0; n < 10_000; n += 1) stream.write(sampleEntry('r', `${n}`));
  expect((performance.now() - started) / 10_000).toBeLessThan(1);
  release();
  await until(() => published.some(({ message }) => message.startsWith('dropped')));
  const kept = published.filter(({ message }) => !message.startsWith('dropped'));
  const notes = published.filter(({ message }) => message.startsWith('dropped'));
  expect(notes.map(({ message, level }) => [message.split(':')[0], level])).toEqual([
    [`dropped ${10_000 - kept.length} lines`, 'warn'],
  ]);
  expect(kept.length).toBeLessThanOrEqual(300);
});

test('a transport that fails → the lines come later, once each', async () => {
  const published: string[] = [];
  let failures = 2;
  const publish = (entries: readonly ActivityEntry[]): Promise<void> => {
    failures -= 1;
    if (failures >= 0) return Promise.reject(new Error('away'));
    published.push(...entries.map(({ message }) => message));
    return Promise.resolve();
  };
  const stream = new ActivityStream({ publish, log: silentLog, retryMs: 20 });
  for (let n = 0; n < 150; n += 1) stream.write(sampleEntry('r', `${n}`));
  await until(() => published.length >= 150);
  expect(published).toEqual(Array.from({ length: 150 }, (_, n) => `${n}`));
});

test('flush → resolves with everything sent', async () => {
  const published: ActivityEntry[] = [];
  const publish = (entries: readonly ActivityEntry[]): Promise<void> => {
    published.push(...entries);
    return Promise.resolve();
  };
  const stream = new ActivityStream({ publish, log: silentLog });
  stream.write(sampleEntry('r', 'last words'));
  await stream.flush();
  expect(published).toHaveLength(1);
});
