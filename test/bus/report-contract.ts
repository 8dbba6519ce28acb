import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Bus, Delivery } from '../../src/bus/bus.ts';
import type { ActivityEntry, Checkpoint } from '../../src/task/task.ts';
import type { Given } from './given.ts';
import { memoryBlobs } from './memory-blobs.ts';
import { sampleCheckpoint, sampleEntry, sampleTask } from './samples.ts';
import { until } from './until.ts';

async function collect(bus: Bus, maxInFlight = 1_000, ack = true) {
  const all: Delivery<Checkpoint>[] = [];
  const batches: number[] = [];
  const consumer = await bus.consumeCheckpoints({ maxInFlight }, (batch) => {
    batches.push(batch.length);
    all.push(...batch);
    if (ack) for (const delivery of batch) delivery.ack();
  });
  return { all, batches, consumer };
}

export function reportContract(given: Given): void {
  describe('checkpoints', () => {
    test('every outcome → is delivered whole', async () => {
      const failed: Checkpoint = {
        ...sampleCheckpoint(),
        outcome: {
          kind: 'failed',
          error: {
            class: 'retryable',
            code: 'rate_limited',
            message: 'slow down ✋',
            retryAfterMs: 1_500,
            details: { status: 429 },
          },
        },
      };
      const cancelled: Checkpoint = { ...sampleCheckpoint(), outcome: { kind: 'cancelled' } };
      const sent = [
        sampleCheckpoint(null),
        sampleCheckpoint([1.5, '', { a: [] }]),
        failed,
        { ...cancelled, taskId: sampleTask().id },
      ];
      const got = await collect(given.bus);
      await given.other.publishCheckpoints(sent);
      await until(() => got.all.length === sent.length);
      expect(got.all.map(({ message }) => message)).toEqual(sent);
    });

    test('reported by the shortest way → comes whole as well, and again when it is released', async () => {
      const got = await collect(given.bus, 10, false);
      const sent = sampleCheckpoint({ text: 'shortest' });
      const report = given.other.reportCheckpoints([sent]);
      await until(() => got.all.length === 1);
      got.all[0]?.release();
      await until(() => got.all.length === 2);
      got.all[1]?.ack();
      await report;
      expect(got.all.map(({ message }) => message)).toEqual([sent, sent]);
    });

    test('a burst → comes in batches, not one by one', async () => {
      await given.other.publishCheckpoints(
        Array.from({ length: 1_000 }, (_, n) => sampleCheckpoint(n)),
      );
      const got = await collect(given.bus);
      await until(() => got.all.length === 1_000);
      expect(got.batches.length).toBeLessThan(200);
    });

    test('one checkpoint on an idle bus → does not linger', async () => {
      const got = await collect(given.bus);
      const started = performance.now();
      await given.other.publishCheckpoints([sampleCheckpoint()]);
      await until(() => got.all.length === 1);
      expect(performance.now() - started).toBeLessThan(250);
    });

    test('maxInFlight unsettled → no more come until some are', async () => {
      await given.other.publishCheckpoints(
        Array.from({ length: 50 }, (_, n) => sampleCheckpoint(n)),
      );
      const got = await collect(given.bus, 20, false);
      await until(() => got.all.length === 20);
      for (const delivery of got.all.slice(0, 10)) delivery.ack();
      await until(() => got.all.length === 30);
      expect(new Set(got.all.map(({ message }) => message.taskId)).size).toBe(30);
    });

    test('a released checkpoint → comes again', async () => {
      const got = await collect(given.bus, 10, false);
      await given.other.publishCheckpoints([sampleCheckpoint()]);
      await until(() => got.all.length === 1);
      got.all[0]?.release();
      await until(() => got.all.length === 2);
      expect(got.all[1]?.deliveries).toBe(2);
    });

    test('an output of 5 MiB → arrives unchanged', async () => {
      await given.bus.serveBlobs(memoryBlobs());
      const text = '0123456789abcdef'.repeat((5 * 1024 * 1024) / 16);
      const got = await collect(given.bus);
      await given.other.publishCheckpoints([sampleCheckpoint({ text }), sampleCheckpoint('small')]);
      await until(() => got.all.length === 2);
      const outputs = got.all.map(({ message: { outcome } }) => {
        return outcome.kind === 'completed' ? outcome.output : null;
      });
      expect(outputs).toContain('small');
      const large = outputs.find((output) => output !== 'small');
      expect((large as { text: string }).text === text).toBe(true);
    });

    test('a config of 2 MiB → arrives unchanged', async () => {
      await given.bus.serveBlobs(memoryBlobs());
      const task = sampleTask({ config: { rows: Array.from({ length: 200_000 }, (_, n) => n) } });
      const got: Delivery<unknown>[] = [];
      await given.other.consumeTasks({ queues: ['default'], maxInFlight: 1 }, (delivery) => {
        got.push(delivery);
      });
      await given.bus.publishTasks([task]);
      await until(() => got.length === 1);
      expect(got[0]?.message).toEqual(task);
    });
  });

  describe('activity', () => {
    test('lines of two runs → are delivered whole, each run in order', async () => {
      const [first, second] = [randomUUID(), randomUUID()];
      const sent: ActivityEntry[] = Array.from({ length: 500 }, (_, n) => {
        return sampleEntry(n % 2 === 0 ? first : second, `line ${n}`);
      });
      const rich: ActivityEntry = {
        ...sampleEntry(first, 'half way'),
        level: 'warn',
        progress: 0.5,
        stats: { rows: 12 },
        entityTag: 'asset',
        entityRoute: '/assets/7',
        entityId: '7',
        entityType: 'image',
      };
      const got: ActivityEntry[] = [];
      await given.bus.consumeActivity({ maxInFlight: 100 }, (batch) => {
        for (const delivery of batch) {
          got.push(delivery.message);
          delivery.ack();
        }
      });
      await given.other.publishActivity([...sent, rich]);
      await until(() => got.length === 501);
      const of = (list: ActivityEntry[], runId: string) => list.filter((e) => e.runId === runId);
      expect(of(got, first)).toEqual(of([...sent, rich], first));
      expect(of(got, second)).toEqual(of(sent, second));
    });

    test('acknowledged lines → do not come to the next consumer', async () => {
      const runId = randomUUID();
      const seen: string[] = [];
      const read = () =>
        given.bus.consumeActivity({ maxInFlight: 10 }, (batch) => {
          for (const delivery of batch) {
            seen.push(delivery.message.message);
            delivery.ack();
          }
        });
      const first = await read();
      await given.other.publishActivity([sampleEntry(runId, 'one'), sampleEntry(runId, 'two')]);
      await until(() => seen.length === 2);
      await first.stop();
      await read();
      await given.other.publishActivity([sampleEntry(runId, 'three')]);
      await until(() => seen.length === 3);
      expect(seen).toEqual(['one', 'two', 'three']);
    });
  });
}
