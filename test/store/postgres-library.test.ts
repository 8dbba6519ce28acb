import { createHash, randomBytes, randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { FactSelection, LabelTerm, RunQuery } from '../../src/api/ports.ts';
import type { RecordedFact } from '../../src/record/run.ts';
import { connect } from '../../src/store/connect.ts';
import { openStore, type Store } from '../../src/store/open-store.ts';
import { freshDatabase } from '../services/postgres.ts';
import {
  attemptFact,
  changeOf,
  newRun,
  registerWorkflow,
  revisionChange,
  sourceRecord,
  workflowChange,
} from './samples.ts';

let url: string;
let store: Store;
beforeAll(async () => {
  url = await freshDatabase();
  store = await openStore(url);
});
afterAll(() => store?.close());

const ALL: RunQuery = {
  namespace: null,
  statuses: [],
  workflow: null,
  labels: [],
  createdAfter: null,
  createdBefore: null,
  order: 'newest',
  after: null,
  limit: 100,
};

describe('runs are listed', () => {
  let namespace: string;
  /** Inputs of the runs are 0 to 9; they were created in this order, 0 and 1 at one instant. */
  beforeAll(async () => {
    const workflow = await registerWorkflow(store.ledger);
    namespace = workflow.namespace;
    const runs = Array.from({ length: 10 }, (_, i) =>
      newRun(workflow, {
        input: i,
        createdAt: 1_000 + Math.max(i, 1),
        labels: i % 2 === 0 ? { parity: 'even', [`n${i}`]: '' } : { parity: 'odd' },
      }),
    );
    const records = await store.ledger.createRuns(runs);
    const failed = records.filter((run) => Number(run.input) >= 8);
    await store.ledger.commitRuns(
      failed.map((run) => changeOf(run, { status: 'failed', finishedAt: 5 })),
    );
  });

  const label = (kind: LabelTerm['kind'], key: string, value = ''): LabelTerm => ({
    kind,
    key,
    value,
  });

  async function check(query: Partial<RunQuery>, expected: readonly number[]): Promise<void> {
    const whole = { ...ALL, namespace, ...query };
    const runs = await store.library.listRuns(whole);
    // Runs of one instant are in the order of their random ids.
    const normal = expected.map((input) => Math.max(input, 1));
    expect(runs.map(({ createdAt }) => createdAt - 1_000)).toEqual(normal);
  }

  test.each<[string, Partial<RunQuery>, readonly number[]]>([
    ['no filter → newest first', {}, [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]],
    ['oldest → oldest first', { order: 'oldest' }, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
    ['a status', { statuses: ['failed'] }, [9, 8]],
    ['two statuses', { statuses: ['pending', 'failed'], limit: 3 }, [9, 8, 7]],
    ['a workflow', { workflow: 'flow', limit: 2 }, [9, 8]],
    ['a workflow, oldest', { workflow: 'flow', order: 'oldest', limit: 3 }, [0, 1, 2]],
    ['another workflow', { workflow: 'none' }, []],
    ['another namespace', { namespace: 'none' }, []],
    ['from a time on', { createdAfter: 1_008 }, [9, 8]],
    ['before a time', { createdBefore: 1_003 }, [2, 1, 0]],
    ['a label', { labels: [label('equals', 'parity', 'even')] }, [8, 6, 4, 2, 0]],
    [
      'a label, oldest',
      { labels: [label('equals', 'parity', 'even')], order: 'oldest' },
      [0, 2, 4, 6, 8],
    ],
    [
      'a label and a status',
      { labels: [label('equals', 'parity', 'odd')], statuses: ['failed'] },
      [9],
    ],
    [
      'a label of two values',
      { labels: [label('equals', 'parity', 'odd'), label('equals', 'parity', 'even')] },
      [],
    ],
    ['a label that differs', { labels: [label('differs', 'parity', 'odd')] }, [8, 6, 4, 2, 0]],
    ['a label that exists', { labels: [label('exists', 'n4')] }, [4]],
    [
      'a label that is absent',
      { labels: [label('absent', 'n4')], createdBefore: 1_005 },
      [3, 2, 1, 0],
    ],
  ])('%s', async (_, query, expected) => {
    await check(query, expected);
  });

  test.each(['newest', 'oldest'] as const)('pages of 3, %s → each run once', async (order) => {
    for (const labels of [[], [label('exists', 'parity')]]) {
      const seen: string[] = [];
      let after: RunQuery['after'] = null;
      do {
        const page = await store.library.listRuns({
          ...ALL,
          namespace,
          order,
          labels,
          after,
          limit: 3,
        });
        seen.push(...page.map((run) => run.id));
        after = page.at(-1) ?? null;
      } while (after !== null);
      expect(seen).toHaveLength(10);
      expect(new Set(seen).size).toBe(10);
    }
  });

  test('pages of 2 by label → each run once', async () => {
    const seen: number[] = [];
    let after: RunQuery['after'] = null;
    const labels = [label('equals', 'parity', 'odd')];
    do {
      const page = await store.library.listRuns({ ...ALL, namespace, labels, after, limit: 2 });
      seen.push(...page.map(({ createdAt }) => createdAt - 1_000));
      after = page.at(-1) ?? null;
    } while (after !== null);
    expect(seen).toEqual([9, 7, 5, 3, 1]);
  });

  test('all namespaces → found among the others', async () => {
    const runs = await store.library.listRuns({ ...ALL, statuses: ['failed'] });
    expect(runs.map(({ createdAt }) => createdAt)).toEqual([1_009, 1_008]);
  });
});

test('one run: by id, by prefix, its facts since → as they were committed', async () => {
  const workflow = await registerWorkflow(store.ledger);
  const { run, created } = await store.library.createRun(newRun(workflow, { idempotencyKey: 'x' }));
  expect(created).toBe(true);
  const again = await store.library.createRun(newRun(workflow, { idempotencyKey: 'x' }));
  expect(again).toEqual({ run, created: false });
  await store.ledger.commitRuns([
    changeOf(run, { facts: [1, 2, 3].map((step) => attemptFact({ step })) }),
  ]);
  const page = { rows: 1, bytes: 1000, largest: 1000 };
  const facts = await store.library.factsSince(run.id, 1, page);
  expect(facts).toEqual([{ seq: 2, fact: attemptFact({ step: 2 }) }]);
  expect(await store.library.getRun(run.id)).toMatchObject({ seq: 3 });
  for (const length of [36, 30, 24, 23, 14, 9]) {
    const prefix = run.id.slice(0, length);
    expect(await store.library.runIdsWithPrefix(prefix, 1000)).toContain(run.id);
  }
  for (const wrong of ['x', `${run.id}0`, '0'.repeat(9), '%']) {
    expect(await store.library.runIdsWithPrefix(wrong, 10)).toEqual([]);
  }
  expect(await store.library.getRun('none')).toBe(null);
  expect(await store.library.getRun(randomUUID())).toBe(null);
});

describe('outputs of many sizes', () => {
  /** Bytes of the outputs of the steps, as JSON. The last compresses to almost nothing. */
  const sizes = [10, 500, 30, 2000, 40, 100_000];
  let runId: string;
  beforeAll(async () => {
    const workflow = await registerWorkflow(store.ledger);
    const [run] = await store.ledger.createRuns([newRun(workflow)]);
    runId = run!.id;
    const facts = sizes.map((size, step) => {
      const text = step < 5 ? randomBytes(size).toString('hex') : 'x'.repeat(size);
      const outcome = { kind: 'completed', output: text.slice(0, size - 2) } as const;
      return attemptFact({ step, outcome });
    });
    await store.ledger.commitRuns([changeOf(run!, { facts })]);
  });

  const lengths = (facts: readonly RecordedFact[]): (number | null)[] =>
    facts.map(({ fact }) => {
      const output = fact.kind === 'attempt' && 'output' in fact.outcome && fact.outcome.output;
      return typeof output === 'string' ? output.length + 2 : null;
    });
  const within = async (change: Partial<FactSelection>) => {
    const all = { afterSeq: 0, rows: 100, bytes: 1e6, step: null, item: null };
    const { facts, bytes } = await store.library.factsWithin(runId, { ...all, ...change });
    expect(facts).toHaveLength(Math.min(change.rows ?? 100, sizes.length));
    return [lengths(facts), bytes];
  };

  test('are read from the smallest on, within the bytes that are asked for', async () => {
    expect(await within({})).toEqual([sizes, 102_580]);
    expect(await within({ bytes: 600 })).toEqual([[10, 500, 30, null, 40, null], 580]);
    expect(await within({ bytes: 39 })).toEqual([[10, null, null, null, null, null], 10]);
    expect(await within({ bytes: 0 })).toEqual([sizes.map(() => null), 0]);
    expect(await within({ step: 3 })).toEqual([[null, null, null, 2000, null, null], 2000]);
    expect(await within({ step: 3, item: 7 })).toEqual([sizes.map(() => null), 0]);
    expect(await within({ rows: 2 })).toEqual([[10, 500], 510]);
  });

  test('that a retry has replaced are not read', async () => {
    const workflow = await registerWorkflow(store.ledger);
    const [run] = await store.ledger.createRuns([newRun(workflow)]);
    const outcome = (text: string) => ({ kind: 'completed', output: text }) as const;
    const facts = [
      attemptFact({ attempt: 1, outcome: outcome('old') }),
      attemptFact({ attempt: 1, item: 3, outcome: outcome('other') }),
      attemptFact({ attempt: 2, outcome: outcome('longer, but new') }),
    ];
    await store.ledger.commitRuns([changeOf(run!, { facts })]);
    const selection = { afterSeq: 0, rows: 100, bytes: 26, step: null, item: null };
    const read = await store.library.factsWithin(run!.id, selection);
    expect([lengths(read.facts), read.bytes]).toEqual([[null, 7, 17], 24]);
  });

  test('in order → a page ends with the value that goes beyond its bytes', async () => {
    const paged = async (seq: number, bytes: number, largest = 1e6) =>
      lengths(await store.library.factsSince(runId, seq, { rows: 100, bytes, largest }));
    expect(await paged(0, 1e6)).toEqual(sizes);
    expect(await paged(0, 100)).toEqual([10, 500]);
    expect(await paged(2, 100)).toEqual([30, 2000]);
    // Stored it is some kB: the page goes on to it, but not behind.
    expect(await paged(4, 1e4)).toEqual([40, 100_000]);
    expect(await paged(0, 1e4, 1000)).toEqual([10, 500, 30, null, 40, null]);
    expect(await paged(6, 100)).toEqual([]);
  });

  test('of several runs → what does not fit is told to be cut', async () => {
    const positions = [{ runId, seq: 0, activity: 0 }];
    const news = (bytes: number) =>
      store.library.newsOf(positions, { rows: 100, bytes, largest: 1e6 });
    const all = await news(1e6);
    expect([all.facts.get(runId)?.length, [...all.cut]]).toEqual([6, []]);
    const some = await news(100);
    expect([some.facts.get(runId)?.length, [...some.cut]]).toEqual([2, [runId]]);
  });
});

test('a manifest is applied by the API, then by a source → one run', async () => {
  const workflow = await registerWorkflow(store.ledger);
  const manifest = {
    namespace: workflow.namespace,
    name: 'once',
    workflow: 'flow',
    input: null,
    labels: {},
    onDelete: 'keep',
    digest: 'm1',
  } as const;
  const first = await store.library.createManifestRun(manifest, newRun(workflow));
  const second = await store.library.createManifestRun(manifest, newRun(workflow));
  expect([first.created, second.created]).toEqual([true, false]);
  expect(second.run.id).toBe(first.run.id);
  const source = sourceRecord({ name: 'adopts' });
  const applied = await store.ledger.applyRevision(revisionChange({ source, runs: [manifest] }));
  expect(applied.runIds).toEqual([]);
});

test('workflows: put, list, versions, delete, put again → kubectl-like', async () => {
  const namespace = `ns-${randomUUID()}`;
  const put = (change = {}, mustCreate = false) =>
    store.library.putWorkflow({
      change: workflowChange({ namespace, labels: { team: 'a' }, ...change }),
      files: [],
      mustCreate,
      now: 50,
    });
  expect((await put({}, true)).outcome).toBe('created');
  expect((await put({ digest: 'd2' }, true)).outcome).toBe('exists');
  expect((await put()).outcome).toBe('unchanged');
  const { outcome, workflow } = await put({ digest: 'd2' });
  expect([outcome, workflow.versionNumber, workflow.owner]).toEqual(['configured', 2, '']);
  await put({ name: 'other', labels: {} });
  const list = (query = {}) =>
    store.library.listWorkflows({ namespace, labels: [], after: null, limit: 10, ...query });
  const names = async (query = {}) => (await list(query)).map((one) => one.name);
  expect(await names()).toEqual(['flow', 'other']);
  expect(await names({ limit: 1 })).toEqual(['flow']);
  expect(await names({ after: { namespace, name: 'flow' } })).toEqual(['other']);
  expect(await names({ labels: [{ kind: 'equals', key: 'team', value: 'a' }] })).toEqual(['flow']);
  const versions = await store.library.listVersions(workflow.id, { before: Infinity, limit: 9 });
  expect(versions.map((version) => version.number)).toEqual([2, 1]);
  expect(await store.library.getVersion(workflow.id, 1)).toMatchObject({ digest: 'd1' });
  expect(await store.library.getVersion(workflow.id, 3)).toBe(null);
  expect(await store.library.deleteWorkflow(namespace, 'flow', 60)).toBe(true);
  expect(await store.library.deleteWorkflow(namespace, 'flow', 70)).toBe(false);
  expect(await names()).toEqual(['other']);
  expect(await store.library.getWorkflow(namespace, 'flow')).toMatchObject({ deletedAt: 60 });
  expect((await put({ digest: 'd3' }, true)).workflow).toMatchObject({
    versionNumber: 3,
    deletedAt: null,
  });
});

test('a source owns a workflow, the API writes it → the owner stays and wins again', async () => {
  const workflow = await registerWorkflow(store.ledger);
  const change = workflowChange({ namespace: workflow.namespace, digest: 'by hand' });
  const write = { change, files: [], mustCreate: false, now: 9 };
  expect((await store.library.putWorkflow(write)).workflow.owner).toBe(workflow.owner);
  const declared = workflowChange({ namespace: workflow.namespace });
  await store.ledger.applyRevision(revisionChange({ workflows: [declared] }));
  expect(await store.library.getWorkflow(workflow.namespace, 'flow')).toMatchObject({
    digest: 'd1',
    versionNumber: 3,
  });
});

test('sources: requests of the API → a reconcile that read the row before does not undo them', async () => {
  const source = sourceRecord({ name: 'asked' });
  await store.ledger.saveSource(source);
  expect(await store.library.requestReconcile('asked', 't1')).toMatchObject({
    requestedToken: 't1',
  });
  expect(await store.library.setSuspended('asked', true)).toMatchObject({ suspended: true });
  await store.ledger.saveSource({ ...source, lastAppliedRevision: 'r2' });
  const expected = { requestedToken: 't1', suspended: true, lastAppliedRevision: 'r2' };
  expect(await store.library.getSource('asked')).toMatchObject(expected);
  expect((await store.library.listSources()).map((one) => one.name)).toContain('asked');
  expect(await store.library.requestReconcile('none', 't')).toBe(null);
  expect(await store.library.setSuspended('none', true)).toBe(null);
});

test('events that repeat → counted, newest first, filtered', async () => {
  const event = {
    namespace: 'n',
    kind: 'Run',
    name: 'a',
    type: 'normal',
    reason: 'Started',
    message: 'm',
    details: { d: 1 },
  } as const;
  await store.ledger.recordEvents([
    { ...event, at: 5 },
    { ...event, at: 3 },
  ]);
  await store.ledger.recordEvents([
    { ...event, at: 9 },
    { ...event, name: 'b', at: 7 },
  ]);
  const events = await store.library.listEvents({ namespace: 'n', limit: 10 });
  expect(events.map(({ name, count, firstAt, lastAt }) => [name, count, firstAt, lastAt])).toEqual([
    ['a', 3, 3, 9],
    ['b', 1, 7, 7],
  ]);
  expect(await store.library.listEvents({ kind: 'Run', name: 'b', limit: 10 })).toHaveLength(1);
  expect(await store.library.listEvents({ kind: 'Source', namespace: 'n', limit: 10 })).toEqual([]);
});

test('activity of a run → in id order, by step, level and cursor', async () => {
  const workflow = await registerWorkflow(store.ledger);
  const { run } = await store.library.createRun(newRun(workflow));
  const entry = { runId: run.id, step: 0, item: -1, attempt: 1, at: 1, message: '' } as const;
  const entries = [
    { ...entry, level: 'debug' },
    { ...entry, level: 'warn', step: 1, progress: 0.5, stats: { n: 1 }, entityTag: 't' },
    { ...entry, level: 'error' },
  ] as const;
  await store.ledger.saveActivity(entries);
  const query = { runId: run.id, afterId: 0, step: null, minLevel: 'debug', limit: 10 } as const;
  const all = await store.library.activity(query);
  expect(all.map((one) => one.entry)).toEqual(entries);
  const levels = async (change: object) =>
    (await store.library.activity({ ...query, ...change })).map((one) => one.entry.level);
  expect(await levels({ minLevel: 'warn' })).toEqual(['warn', 'error']);
  expect(await levels({ step: 1 })).toEqual(['warn']);
  expect(await levels({ afterId: all[1]!.id })).toEqual(['error']);
  expect(await levels({ limit: 1 })).toEqual(['debug']);
});

test('many writers of activity while a reader follows → the reader misses none', async () => {
  const workflow = await registerWorkflow(store.ledger);
  const { run } = await store.library.createRun(newRun(workflow));
  const entry = { runId: run.id, item: -1, attempt: 1, at: 1, level: 'info', message: '' } as const;
  let isWriting = true;
  const writers = Array.from({ length: 8 }, async (_, step) => {
    for (let i = 0; i < 25; i += 1) {
      await store.ledger.saveActivity([1, 2, 3].map(() => ({ ...entry, step })));
    }
  });
  const written = Promise.all(writers).finally(() => (isWriting = false));
  const seen: number[] = [];
  for (let isLast = false; !isLast;) {
    isLast = !isWriting;
    const afterId = seen.at(-1) ?? 0;
    const page = { runId: run.id, afterId, step: null, minLevel: 'debug', limit: 10_000 } as const;
    seen.push(...(await store.library.activity(page)).map((one) => one.id));
  }
  await written;
  expect(seen).toHaveLength(8 * 25 * 3);
  expect(seen).toEqual(seen.toSorted((a, b) => a - b));
});

test.each([0, 1, (1 << 20) - 1, 1 << 20, (3 << 20) + 5])(
  'a blob of %i bytes → comes back',
  async (size) => {
    const bytes = randomBytes(size);
    const digest = await store.library.putBlob(bytes);
    expect(digest).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect(await store.library.putBlob(bytes)).toBe(digest);
    expect(Buffer.compare((await store.library.getBlob(digest))!, bytes)).toBe(0);
  },
);

test('an unknown blob → null; ping → a time', async () => {
  expect(await store.library.getBlob('none')).toBe(null);
  expect(await store.library.ping()).toBeGreaterThan(0);
});

test('a token: live, expired, revoked, unknown → only the live one is found', async () => {
  const sql = connect(url, { name: 'test', max: 1 });
  await sql`
    insert into api_token (id, name, hash, role, namespace, created_by, created_at, expires_at, revoked_at)
    values
      (gen_random_uuid(), 'live', 'h1', 'admin', '', '', 1, null, null),
      (gen_random_uuid(), 'old', 'h2', 'admin', '', '', 1, 2, null),
      (gen_random_uuid(), 'revoked', 'h3', 'admin', '', '', 1, null, 2)`;
  await sql.end();
  const found = await Promise.all(
    ['h1', 'h2', 'h3', 'h4'].map((hash) => store.library.findToken(hash)),
  );
  expect(found).toEqual([{ name: 'live', role: 'admin' }, null, null, null]);
});
