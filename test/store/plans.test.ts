import { afterAll, beforeAll, expect, test } from 'vitest';

import type { RunQuery } from '../../src/api/ports.ts';
import { connect, type Pool } from '../../src/store/connect.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import type { RunRecord } from '../../src/record/run.ts';
import { freshDatabase } from '../services/postgres.ts';
import { insertManyRuns } from './many-runs.ts';
import { attemptFact, changeOf, newRun, registerWorkflow } from './samples.ts';

const COUNT = 20_000;

let url: string;
let admin: Pool;
let store: Store;
beforeAll(async () => {
  url = await freshDatabase();
  admin = connect(url, { name: 'admin', max: 1 });
  store = await openStore(url, { max: 1 });
});
afterAll(async () => {
  await store?.close();
  await admin?.end();
});

/** Every hot statement once, on one connection, so that its cached plan is the one that is used. */
async function useEverything(): Promise<RunRecord> {
  const { ledger, library } = store;
  const workflow = await registerWorkflow(ledger);
  const key = `key-${workflow.id}`;
  const [run] = await ledger.createRuns([newRun(workflow, { idempotencyKey: key })]);
  const child = newRun(run!, { parent: { runId: run!.id, step: 1, item: -1, attempt: 1 } });
  const body = { kind: 'cancel', reason: '' } as const;
  await ledger.addRequest({ id: key, runId: run!.id, createdAt: 1, by: '', body });
  const facts = [attemptFact({ step: 0 })];
  await ledger.commitRuns([
    changeOf(run!, { facts, children: [child], answered: [key], wakeAt: 5 }),
  ]);
  await ledger.commitRuns([changeOf({ ...run!, seq: 1 }, { facts })]);
  const end = { kind: 'finished', at: 9, status: 'completed', output: null, error: null } as const;
  const last = { facts: [...facts, end], status: 'completed', finishedAt: 9 } as const;
  await ledger.commitRuns([changeOf({ ...run!, seq: 2 }, last)]);
  await ledger.loadRuns([run!.id, child.id]);
  await ledger.loadRequests([run!.id]);
  await ledger.dueRuns(10, 10);
  await ledger.neglectedRuns(10);
  await ledger.unfinishedRuns('', 10);
  await ledger.orphanedChildren(10);
  await ledger.childrenOf(run!.id);
  await library.getRun(run!.id);
  await library.factsSince(run!.id, 0, { rows: 10, bytes: 1e6, largest: 1e6 });
  await library.factsWithin(run!.id, { afterSeq: 0, rows: 9, bytes: 9, step: null, item: null });
  await library.runIdsWithPrefix(run!.id.slice(0, 10), 10);
  return run!;
}

async function scans(): Promise<readonly { readonly [column: string]: unknown }[]> {
  return await admin`
    select relname, seq_scan::int4, (idx_scan > 0) as uses_indexes
    from pg_stat_user_tables
    where relname in ('run', 'fact')
    order by relname`;
}

test('plans made on empty tables, then 20,000 runs → still no scan of run or fact', async () => {
  // The generic plan of a prepared statement stays as it was made here.
  for (let n = 0; n < 7; n += 1) await useEverything();
  const workflow = await registerWorkflow(store.ledger);
  await insertManyRuns(admin, workflow, COUNT);
  await admin`select pg_stat_reset()`;
  for (let n = 0; n < 5; n += 1) await useEverything();
  // Sessions hand in their counts when they end.
  await store.close();
  store = await openStore(url, { max: 1 });
  await expect.poll(scans).toEqual([
    { relname: 'fact', seq_scan: 0, uses_indexes: true },
    { relname: 'run', seq_scan: 0, uses_indexes: true },
  ]);
});

test('a cursor in the middle, any filter → a page reads little more than itself', async () => {
  const [middle] = await admin<{ created_at: number; id: string }[]>`
    select created_at, id from run where seq = 3 order by created_at desc offset 10000 limit 1`;
  const after = { createdAt: middle!.created_at, id: middle!.id };
  const all: RunQuery = {
    namespace: null,
    statuses: [],
    workflow: null,
    labels: [],
    createdAfter: null,
    createdBefore: null,
    order: 'newest',
    after,
    limit: 20,
  };
  const queries: Partial<RunQuery>[] = [
    {},
    { order: 'oldest' },
    { statuses: ['failed'], limit: 5 },
    { workflow: 'flow' },
    { workflow: 'flow', statuses: ['failed'], limit: 5 },
    { labels: [{ kind: 'equals', key: 'team', value: 'rare' }] },
  ];
  for (const query of queries) {
    await admin`select pg_stat_reset()`;
    const page = await store.library.listRuns({ ...all, ...query });
    expect(page).toHaveLength(query.limit ?? 20);
    await store.close();
    store = await openStore(url, { max: 1 });
    const [row] = await admin<{ seq: number; fetched: number }[]>`
      select seq_scan::int4 as seq, idx_tup_fetch::int4 as fetched
      from pg_stat_user_tables
      where relname = 'run'`;
    // One in a hundred has the label: so the newest thousands are looked at until 20 have it.
    const most = query.labels === undefined ? 100 : 15_000;
    const isCheap = row?.seq === 0 && row.fetched < most;
    expect({ query, ...row, isCheap }).toMatchObject({ isCheap: true });
  }
});
