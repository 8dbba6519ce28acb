import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';

import type { NewRun, RunRecord } from '../../src/record/run.ts';
import type { WorkflowRecord } from '../../src/record/workflow.ts';
import { connect, type Pool } from '../../src/store/connect.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { freshDatabase } from '../services/postgres.ts';
import { newRun, registerWorkflow } from './samples.ts';

const CALLERS = 20;

let store: Store;
let rival: Pool;
let workflow: WorkflowRecord;
beforeAll(async () => {
  const url = await freshDatabase();
  store = await openStore(url);
  rival = connect(url, { name: 'rival', max: 1 });
  workflow = await registerWorkflow(store.ledger);
});
afterAll(async () => {
  await store?.close();
  await rival?.end();
});

/** Both ways to create a run: the API's, one at a time, and the controller's, in batches. */
const ways: readonly [string, (run: NewRun) => Promise<RunRecord>][] = [
  ['createRun', async (run) => (await store.library.createRun(run)).run],
  ['createRuns', async (run) => (await store.ledger.createRuns([run]))[0]!],
];

test.each(ways)('%s answers → what it answers is the record', async (_, create) => {
  const parent = { runId: randomUUID(), step: 2, item: 3, attempt: 4 };
  const wanted = newRun(workflow, {
    input: { z: 1, a: ['ü', '\u0000', 1e21, null], 'k"\\': '{}' },
    labels: { team: 'a\u0000', 'x/y': '' },
    cause: { kind: 'api', name: 'me\u0000' },
    createdBy: 'me',
    parent,
  });
  const answered = await create(wanted);
  const [loaded] = await store.ledger.loadRuns([wanted.id]);
  expect(answered).toEqual(loaded?.run);
  const { idempotencyKey: _key, ...asked } = wanted;
  expect(answered).toMatchObject({
    ...asked,
    labels: { team: 'a\uFFFD', 'x/y': '' },
    cause: { kind: 'api', name: 'me\uFFFD' },
  });
});

test.each(ways)('%s by many at once with one id → the first input, for all', async (_, create) => {
  const { id } = newRun(workflow);
  const callers = Array.from({ length: CALLERS }, (__, n) => newRun(workflow, { id, input: n }));
  const records = await Promise.all(callers.map(create));
  expect(new Set(records.map(({ input }) => input)).size).toBe(1);
});

test('many create one key at once → one run, and one of them created it', async () => {
  const idempotencyKey = randomUUID();
  const callers = Array.from({ length: CALLERS }, () => newRun(workflow, { idempotencyKey }));
  const results = await Promise.all(callers.map((run) => store.library.createRun(run)));
  expect(results.filter(({ created }) => created)).toHaveLength(1);
  expect(new Set(results.map(({ run }) => run.id)).size).toBe(1);
});

test.each(ways)('%s of an unknown version → rejects, and there is no run', async (_, create) => {
  const wanted = newRun(workflow, { versionId: randomUUID() });
  await expect(create(wanted)).rejects.toThrow('version_number');
  expect(await store.ledger.loadRuns([wanted.id])).toEqual([]);
});

async function waiting(): Promise<readonly object[]> {
  return await rival`
    select pid from pg_stat_activity
    where datname = current_database() and wait_event_type = 'Lock'`;
}

/** Starts to create a run while a rival has inserted the key but not committed. */
async function besideRival(
  create: (run: NewRun) => Promise<RunRecord>,
  end: 'commit' | 'rollback',
): Promise<{ mine: NewRun; rivals: string; record: RunRecord }> {
  const [mine, rivals] = [newRun(workflow, { idempotencyKey: randomUUID() }), randomUUID()];
  await rival.script('begin');
  await rival`
    insert into run (
      id, seq, status, created_at, version_number, version_id, namespace, workflow, created_by,
      cause_kind, cause_name, idempotency_key, labels
    )
    values (
      ${rivals}::uuid, 0, 0, 1, 1, ${workflow.versionId}::uuid, ${workflow.namespace}::text, 'flow',
      '', 'test', '', ${mine.idempotencyKey}::text, '{}'
    )`;
  const creating = create(mine);
  await expect.poll(waiting).toHaveLength(1);
  await rival.script(end);
  return { mine, rivals, record: await creating };
}

test.each(ways)(
  '%s while a rival commits the same key → the run of the rival',
  async (_, create) => {
    const { record, rivals } = await besideRival(create, 'commit');
    expect(record.id).toBe(rivals);
  },
);

test.each(ways)('%s while a rival gives the same key up → its own run', async (_, create) => {
  const { record, mine } = await besideRival(create, 'rollback');
  expect(record.id).toBe(mine.id);
});

test('a batch of new, known and repeated runs → each gets the one that exists', async () => {
  const [known, keyed] = [newRun(workflow), newRun(workflow, { idempotencyKey: randomUUID() })];
  await store.ledger.createRuns([known, keyed]);
  const twice = { idempotencyKey: randomUUID() };
  const fresh = newRun(workflow);
  const [first, second] = [newRun(workflow, twice), newRun(workflow, twice)];
  const sameKey = newRun(workflow, { idempotencyKey: keyed.idempotencyKey });
  const asked = [sameKey, first, fresh, second, { ...known, input: 'other' }, fresh];
  const records = await store.ledger.createRuns(asked);
  const winner = records[1]!.id;
  expect([first.id, second.id]).toContain(winner);
  const ids = [keyed.id, winner, fresh.id, winner, known.id, fresh.id];
  expect(records.map(({ id }) => id)).toEqual(ids);
  expect(records[4]?.input).toBe(null);
});
