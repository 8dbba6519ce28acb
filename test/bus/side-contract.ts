import { randomBytes } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { Changed, Nudge, Signal } from '../../src/bus/bus.ts';
import { digestOf } from '../../src/bus/subjects.ts';
import type { Given } from './given.ts';
import { memoryBlobs } from './memory-blobs.ts';
import { sampleCheckpoint, sampleRun, sampleTask } from './samples.ts';
import { until } from './until.ts';

export function sideContract(given: Given): void {
  describe('signals', () => {
    test('a broadcast → reaches every process, its own too, by kind', async () => {
      const got: string[] = [];
      const note = (where: string) => (signal: Signal) => void got.push(`${where} ${signal.kind}`);
      given.bus.onSignal('cancel', note('own'));
      given.other.onSignal('cancel', note('other'));
      given.other.onSignal('nudge', note('other'));
      // A round trip each: both subscriptions are known to the transport.
      await Promise.all([given.bus.ping(), given.other.ping()]);
      given.bus.broadcast({ kind: 'cancel', runId: 'r', tasks: [] });
      given.bus.broadcast({ kind: 'changed', runIds: ['r'] });
      given.bus.broadcast({ kind: 'nudge', runIds: ['r'] });
      await until(() => got.length === 3);
      expect([...got].sort()).toEqual(['other cancel', 'other nudge', 'own cancel']);
    });

    test('a broadcast → arrives with its content, however many ids', async () => {
      const runIds: string[] = [];
      given.other.onSignal('changed', (signal) => runIds.push(...signal.runIds));
      await given.other.ping();
      const sent = Array.from({ length: 30_000 }, (_, n) => `0190a1b2-run-${n}`);
      given.bus.broadcast({ kind: 'changed', runIds: sent });
      await until(() => runIds.length === sent.length);
      expect(runIds).toEqual(sent);
    });

    test('runs that have ended → are told as such', async () => {
      const got: Changed[] = [];
      given.other.onSignal('changed', (signal) => void got.push(signal));
      await given.other.ping();
      const changed: Changed = { kind: 'changed', runIds: ['a', 'b'], ended: ['b'] };
      given.bus.broadcast(changed);
      await until(() => got.length === 1);
      expect(got).toEqual([changed]);
    });

    test('records of new runs → arrive as they are where they are small, their ids always', async () => {
      const got: Nudge[] = [];
      given.other.onSignal('nudge', (signal) => void got.push(signal));
      await given.other.ping();
      const [small, large] = [sampleRun({ n: [1, 'ü', null] }), sampleRun('x'.repeat(1_000_000))];
      given.bus.broadcast({ kind: 'nudge', runIds: [small.id], created: [small] });
      given.bus.broadcast({ kind: 'nudge', runIds: [large.id], created: [large] });
      given.bus.broadcast({ kind: 'nudge', runIds: ['known'], created: [] });
      await until(() => got.length === 3);
      expect(got.map(({ runIds }) => runIds)).toEqual([[small.id], [large.id], ['known']]);
      expect(got[0]?.created).toEqual([small]);
      expect([undefined, [large]]).toContainEqual(got[1]?.created);
      expect(got[2]?.created ?? []).toEqual([]);
    });

    test('a stopped listener → hears nothing more', async () => {
      const heard: string[] = [];
      const first = given.other.onSignal('reconcile', () => heard.push('first'));
      given.other.onSignal('reconcile', () => heard.push('second'));
      await given.other.ping();
      await first.stop();
      given.bus.broadcast({ kind: 'reconcile', source: 's' });
      await until(() => heard.length > 0);
      expect(heard).toEqual(['second']);
    });
  });

  describe('blobs', () => {
    test.each([0, 1, 70_000, 5 * 1024 * 1024])(
      '%i bytes → come back as they went',
      async (size) => {
        const store = memoryBlobs();
        await given.bus.serveBlobs(store);
        const bytes = randomBytes(size);
        const digest = await given.other.putBlob(bytes);
        expect(digest).toBe(digestOf(bytes));
        expect([...store.kept.keys()]).toEqual([digest]);
        expect(digestOf(await given.other.getBlob(digest))).toBe(digest);
      },
    );

    test('ten at once → none is mixed up with another', async () => {
      await given.bus.serveBlobs(memoryBlobs());
      const blobs = Array.from({ length: 10 }, (_, n) => randomBytes(1_500_000 + n));
      const digests = await Promise.all(blobs.map((bytes) => given.other.putBlob(bytes)));
      expect(digests).toEqual(blobs.map(digestOf));
      const back = await Promise.all(digests.map((digest) => given.other.getBlob(digest)));
      expect(back.map(digestOf)).toEqual(digests);
    });

    test('an unknown digest → an error that names it', async () => {
      await given.bus.serveBlobs(memoryBlobs());
      await expect(given.other.getBlob('ab12')).rejects.toThrow(/ab12 does not exist/);
    });

    test('asked for before it is stored → is found once it is', async () => {
      await given.bus.serveBlobs(memoryBlobs());
      const bytes = randomBytes(100);
      await expect(given.other.getBlob(digestOf(bytes))).rejects.toThrow(/does not exist/);
      const digest = await given.other.putBlob(bytes);
      expect(digestOf(await given.other.getBlob(digest))).toBe(digest);
    });

    test('nobody serves blobs → an error that says so', async () => {
      await expect(given.other.getBlob('ab12')).rejects.toThrow(/no controller serves blobs/);
    });
  });

  describe('the connection', () => {
    test('ping → a round-trip time', async () => {
      expect(await given.bus.ping()).toBeGreaterThanOrEqual(0);
    });

    test('closed → every call rejects, nothing hangs', async () => {
      await given.other.close();
      await expect(given.other.publishTasks([sampleTask()])).rejects.toThrow();
      await expect(given.other.publishCheckpoints([sampleCheckpoint()])).rejects.toThrow();
      await expect(given.other.ping()).rejects.toThrow();
      given.other.broadcast({ kind: 'nudge', runIds: [] });
      await given.other.close();
    });
  });
}
