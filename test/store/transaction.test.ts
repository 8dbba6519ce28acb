import { afterAll, beforeAll, expect, test } from 'vitest';

import { connect, type Pool } from '../../src/store/connect.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { Transactions } from '../../src/store/transaction.ts';
import { isTransient } from '../../src/store/transient.ts';
import { freshDatabase } from '../services/postgres.ts';
import { attemptFact, changeOf, newRun, registerWorkflow } from './samples.ts';

let url: string;
let admin: Pool;
let store: Store;
let transactions: Transactions;
const notices: string[] = [];

beforeAll(async () => {
  url = await freshDatabase();
  admin = connect(url, { name: 'admin', max: 2 });
  store = await openStore(url, { max: 4 });
  transactions = new Transactions(url, { max: 3, onNotice: (code) => notices.push(code) });
  await admin`create table mark (owner integer not null, n integer not null)`;
});
afterAll(async () => {
  await Promise.all([transactions?.close(), store?.close(), admin?.end()]);
});

/** Four statements that would show a second transaction on the same connection. */
async function markInTransaction(owner: number, fails: boolean): Promise<void> {
  await transactions.run(async (sql) => {
    const place = async () => {
      const [row] = await sql<{ place: string }[]>`
        select pg_backend_pid() || '/' || pg_current_xact_id() as place`;
      return row?.place;
    };
    const first = await place();
    for (let n = 0; n < 3; n += 1) await sql`insert into mark values (${owner}::int4, ${n}::int4)`;
    const rows = await sql`
      select n from mark where owner = ${owner}::int4 or pg_current_xact_id()::xid = mark.xmin`;
    if (rows.length !== 3) throw new Error(`${rows.length} rows in the transaction of ${owner}`);
    if ((await place()) !== first) throw new Error(`${owner} moved from ${first}`);
    if (fails) throw new RangeError('on purpose');
  });
}

test('hundreds of transactions and batches at once → none meets another', async () => {
  const workflow = await registerWorkflow(store.ledger);
  const runs = await store.ledger.createRuns(Array.from({ length: 40 }, () => newRun(workflow)));
  const marks = Array.from({ length: 400 }, async (_, owner) => {
    const fails = owner % 3 === 0;
    const result = await markInTransaction(owner, fails).catch((error: unknown) => error);
    if (fails) expect(result).toBeInstanceOf(RangeError);
    else expect(result).toBe(undefined);
  });
  const batches = Array.from({ length: 10 }, async (_, round) => {
    const facts = [attemptFact({ step: round })];
    const mine = runs.slice(round * 4, round * 4 + 4);
    for (let seq = 0; seq < 30; seq += 1) {
      const changes = mine.map((run) => changeOf({ ...run, seq }, { facts }));
      expect((await store.ledger.commitRuns(changes)).size).toBe(4);
    }
  });
  await Promise.all([...marks, ...batches]);
  const rows = await admin<{ owner: number; count: number }[]>`
    select owner, count(*)::int4 as count from mark group by owner order by owner`;
  const kept = Array.from({ length: 400 }, (_, owner) => owner).filter((owner) => owner % 3 !== 0);
  expect(rows.map((row) => row.owner)).toEqual(kept);
  expect(rows.every((row) => row.count === 3)).toBe(true);
  const foreign = await admin`
    select from fact f join run r on r.id = f.run_id where f.seq > r.seq`;
  expect(foreign).toHaveLength(0);
  // 25001: begin inside a transaction; 25P01: commit outside one.
  expect(notices).toEqual([]);
});

test('applyRevision and commits at once → no deadlock, no foreign version', async () => {
  const workflows = await Promise.all(
    Array.from({ length: 30 }, () => registerWorkflow(store.ledger)),
  );
  expect(new Set(workflows.map((workflow) => workflow.id)).size).toBe(30);
});

test('the connection dies inside a transaction → transient, nothing committed, the next one works', async () => {
  const attempt = transactions.run(async (sql) => {
    await sql`insert into mark values (-1, 1)`;
    const [row] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
    await admin`select pg_terminate_backend(${row?.pid ?? 0}::int4)`;
    const isGone = async () =>
      (await admin`select from pg_stat_activity where pid = ${row?.pid ?? 0}::int4`).length === 0;
    await expect.poll(isGone).toBe(true);
    // Until the driver has seen it, a statement fails; afterwards the guard refuses it.
    for (let n = 0; n < 20; n += 1) {
      await sql`insert into mark values (-1, 2)`.catch(() => undefined);
    }
    await sql`insert into mark values (-1, 3)`;
  });
  const error = await attempt.catch((reason: unknown) => reason);
  expect(isTransient(error)).toBe(true);
  expect(await admin`select from mark where owner = -1`).toHaveLength(0);
  await markInTransaction(1_000, false);
});

test('a constraint is broken → not transient; a deadlock → transient', async () => {
  const broken = await admin`insert into mark values (null, 1)`.catch((error: unknown) => error);
  expect(isTransient(broken)).toBe(false);
  expect(isTransient(new Error('x'))).toBe(false);
  expect(isTransient(null)).toBe(false);
  await admin`insert into mark values (-5, 0), (-6, 0)`;
  const gate = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const cross = (mine: number, theirs: number, which: 0 | 1) =>
    transactions.run(async (sql) => {
      await sql`update mark set n = n + 1 where owner = ${mine}::int4`;
      gate[which].resolve();
      await Promise.all(gate.map((one) => one.promise));
      await sql`update mark set n = n + 1 where owner = ${theirs}::int4`;
    });
  const results = await Promise.allSettled([cross(-5, -6, 0), cross(-6, -5, 1)]);
  const rejected = results.filter((result) => result.status === 'rejected');
  expect(rejected).toHaveLength(1);
  expect(rejected[0]?.reason).toMatchObject({ code: '40P01' });
  expect(isTransient(rejected[0]?.reason)).toBe(true);
});
