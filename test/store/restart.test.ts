import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, expect, test } from 'vitest';

import {
  startEmbeddedPostgres,
  type EmbeddedPostgres,
} from '../../src/store/embedded/start-embedded-postgres.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import type { RunRecord } from '../../src/record/run.ts';
import { isTransient } from '../../src/store/transient.ts';
import { attemptFact, changeOf, newRun, registerWorkflow } from './samples.ts';

let folder: string;
let server: EmbeddedPostgres;
let store: Store;

const start = () =>
  startEmbeddedPostgres({ dataDir: join(folder, 'postgres'), settings: { fsync: 'off' } });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-restart-'));
  await chmod(folder, 0o755);
  server = await start();
  store = await openStore(server.url);
});
afterAll(async () => {
  await store?.close();
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

const failures: unknown[] = [];

/** Until it is through, as a controller would: anything that is not transient ends the test. */
async function insist<T>(call: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isTransient(error)) throw error;
      failures.push(error);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** Commits facts one by one; where the outcome is unknown, the record says where it stands. */
async function writeFacts(run: RunRecord, until: () => boolean): Promise<number> {
  let seq = 0;
  while (!until()) {
    const change = changeOf({ ...run, seq }, { facts: [attemptFact({ step: seq })] });
    await insist(() => store.ledger.commitRuns([change]));
    const [loaded] = await insist(() => store.ledger.loadRuns([run.id]));
    expect(loaded!.run.seq).toBeGreaterThanOrEqual(seq + 1);
    expect(loaded!.facts).toHaveLength(loaded!.run.seq);
    seq = loaded!.run.seq;
  }
  return seq;
}

test('the server restarts three times under load → every error is transient, no fact lost or doubled', async () => {
  const workflow = await registerWorkflow(store.ledger);
  const runs = await store.ledger.createRuns(Array.from({ length: 12 }, () => newRun(workflow)));
  const over = new AbortController();
  const writers = runs.map((run) => writeFacts(run, () => over.signal.aborted));
  const appliers = Array.from({ length: 4 }, async () => {
    while (!over.signal.aborted) await insist(() => registerWorkflow(store.ledger));
  });
  const locks = (async () => {
    while (!over.signal.aborted) await insist(() => store.ledger.withLock('x', async () => 1));
  })();
  try {
    for (let round = 0; round < 3; round += 1) {
      const [before] = await insist(() => store.ledger.loadRuns([runs[0]!.id]));
      const failed = failures.length;
      if (round === 1) process.kill(server.pid, 'SIGKILL');
      else await server.stop();
      await expect.poll(() => failures.length, { timeout: 10_000 }).toBeGreaterThan(failed);
      await server.stop();
      server = await start();
      const progress = async () =>
        (await insist(() => store.ledger.loadRuns([runs[0]!.id])))[0]!.run.seq;
      await expect.poll(progress, { timeout: 15_000 }).toBeGreaterThan(before!.run.seq + 3);
    }
  } finally {
    over.abort();
    await Promise.allSettled([...writers, ...appliers, locks]);
  }
  const seqs = await Promise.all(writers);
  await Promise.all([...appliers, locks]);
  const loaded = await store.ledger.loadRuns(runs.map((run) => run.id));
  const bySeq = new Map(loaded.map((each) => [each.run.id, each.run.seq]));
  expect(runs.map((run) => bySeq.get(run.id))).toEqual(seqs);
}, 60_000);
