import { randomUUID } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, test } from 'vitest';

import type { Ledger, NewEvent, RunChange } from '../../src/controller/ports.ts';
import type { Fact } from '../../src/engine/fact.ts';
import type { NewRun, RunRecord } from '../../src/record/run.ts';
import { revisionContract } from './revision-contract.ts';
import { attemptFact, changeOf, newRun, registerWorkflow, sourceRecord } from './samples.ts';

export interface LedgerUnderTest {
  readonly ledger: Ledger;
  close(): Promise<void>;
}

/** What every Ledger does, whatever it stores in. Each suite gets one ledger, empty at the start. */
export function ledgerContract(name: string, makeLedger: () => Promise<LedgerUnderTest>): void {
  describe(`ledger contract: ${name}`, () => {
    let made: LedgerUnderTest;
    let ledger: Ledger;
    beforeAll(async () => {
      made = await makeLedger();
      ledger = made.ledger;
    });
    afterAll(() => made?.close());
    const get = (): Ledger => ledger;
    runsAreCreatedOnce(get);
    commitsAreGuarded(get);
    sweepsFindRuns(get);
    childrenAreFound(get);
    locksExclude(get);
    sourcesAndEvents(get);
    revisionContract(get);
  });
}

async function createOne(ledger: Ledger, change: Partial<NewRun> = {}): Promise<RunRecord> {
  const workflow = await registerWorkflow(ledger);
  const [run] = await ledger.createRuns([newRun(workflow, change)]);
  return run!;
}

async function stored(ledger: Ledger, id: string) {
  const [loaded] = await ledger.loadRuns([id]);
  return loaded!;
}

function runsAreCreatedOnce(get: () => Ledger): void {
  test('a run is created → it is loaded as it was, pending, with no fact', async () => {
    const workflow = await registerWorkflow(get());
    const wanted = newRun(workflow, {
      input: { z: 1, a: ['ü', '\u0000', 1e21, null], 'k"\\': '{}' },
      labels: { team: 'a', 'x/y': '' },
      cause: { kind: 'api', name: 'me' },
      createdBy: 'me',
    });
    await get().createRuns([wanted]);
    const { run, facts, requests } = await stored(get(), wanted.id);
    expect(run).toEqual({
      id: wanted.id,
      namespace: workflow.namespace,
      workflow: workflow.name,
      versionId: workflow.versionId,
      versionNumber: 1,
      status: 'pending',
      seq: 0,
      input: wanted.input,
      output: null,
      error: null,
      labels: wanted.labels,
      cause: wanted.cause,
      createdBy: 'me',
      createdAt: wanted.createdAt,
      startedAt: null,
      finishedAt: null,
      wakeAt: null,
      parent: null,
    });
    expect(facts).toEqual([]);
    expect(requests).toEqual([]);
    expect(Object.keys(run.input as object)).toEqual(['z', 'a', 'k"\\']);
  });

  test('the same id again → the first run stays', async () => {
    const workflow = await registerWorkflow(get());
    const first = newRun(workflow, { input: 1 });
    await get().createRuns([first]);
    const [again] = await get().createRuns([{ ...first, input: 2 }]);
    expect(again?.input).toBe(1);
  });

  test('one key from many callers at once → one run, and all get it', async () => {
    const workflow = await registerWorkflow(get());
    const callers = Array.from({ length: 20 }, () => newRun(workflow, { idempotencyKey: 'k' }));
    const results = await Promise.all(callers.map((run) => get().createRuns([run])));
    expect(new Set(results.map(([run]) => run?.id)).size).toBe(1);
  });

  test('one key in two namespaces → two runs', async () => {
    const one = await createOne(get(), { idempotencyKey: 'twice' });
    const other = await createOne(get(), { idempotencyKey: 'twice' });
    expect(one.namespace).not.toBe(other.namespace);
    expect(one.id).not.toBe(other.id);
  });

  test('a batch in any order → records in the order asked', async () => {
    const workflow = await registerWorkflow(get());
    const runs = [3, 1, 2].map((input) => newRun(workflow, { input }));
    const records = await get().createRuns(runs);
    expect(records.map((run) => run.input)).toEqual([3, 1, 2]);
  });

  test('unknown ids, also such as are none → left out', async () => {
    expect(await get().loadRuns([randomUUID(), 'no id at all', ''])).toEqual([]);
    expect(await get().loadVersions([randomUUID(), 'x'])).toEqual([]);
    expect(await get().findWorkflows([{ namespace: 'nowhere', name: 'none' }])).toEqual([]);
  });
}

const EVERY_FACT: readonly Fact[] = [
  { kind: 'started', at: 1 },
  { kind: 'expanded', at: 2, step: 0, count: 3 },
  { kind: 'skipped', at: 3, step: 1, reason: 'when' },
  attemptFact({ step: 2, item: 1, outcome: { kind: 'completed', output: { b: 1, a: [null] } } }),
  attemptFact({ step: 3, branch: 'true', outcome: { kind: 'completed', output: null } }),
  attemptFact({
    step: 4,
    runner: '',
    outcome: {
      kind: 'failed',
      error: { class: 'hard', code: 'code', message: 'a\u0000b', details: { x: '\ud800' } },
    },
  }),
  attemptFact({ step: 5, attempt: 2, outcome: { kind: 'cancelled' } }),
  { kind: 'cancelRequested', at: 4, reason: 'enough', by: 'me' },
  { kind: 'reopened', at: 5, steps: [2, 3], cause: 'manual', by: 'me', input: { n: 1 } },
  { kind: 'reopened', at: 6, steps: [], cause: 'resume', by: '' },
  { kind: 'deferred', at: 7, reason: 'no answer' },
  { kind: 'expired', at: 8 },
  { kind: 'finished', at: 9, status: 'failed', output: null, error: null },
];

/** A run's changes, as they come when it is alone: a fact each, its end, a retry, another end. */
const A_LIFE: readonly (Pick<RunChange, 'facts' | 'status'> & Partial<RunChange>)[] = [
  ...EVERY_FACT.slice(0, -1).map((fact, n) => ({
    facts: [fact],
    status: n % 2 === 0 ? ('running' as const) : ('waiting' as const),
    startedAt: 1,
    wakeAt: n % 2 === 0 ? null : n,
  })),
  {
    facts: [
      attemptFact({ branch: 'a\u0000', outcome: { kind: 'completed', output: '\u0000' } }),
      { kind: 'finished', at: 9, status: 'completed', output: { n: null }, error: null },
    ],
    status: 'completed',
    startedAt: 1,
    finishedAt: 9,
    output: { n: null },
  },
  {
    facts: [{ kind: 'reopened', at: 10, steps: [], cause: 'manual', by: 'me' }],
    status: 'pending_retry',
    startedAt: 1,
    wakeAt: 11,
    output: { of: 'a run that goes on' },
  },
  {
    facts: [
      attemptFact({ outcome: { kind: 'cancelled' } }),
      { kind: 'finished', at: 12, status: 'failed', output: null, error: null },
    ],
    status: 'failed',
    startedAt: 1,
    finishedAt: 12,
    error: { class: 'hard', code: 'code', message: 'a\u0000b', step: 'a' },
  },
];

function commitsAreGuarded(get: () => Ledger): void {
  test('facts of every kind are committed → they are loaded unchanged, in order', async () => {
    const run = await createOne(get());
    const change = changeOf(run, { facts: EVERY_FACT, status: 'running', startedAt: 5 });
    expect(await get().commitRuns([change])).toEqual(new Set([run.id]));
    const { facts, run: after } = await stored(get(), run.id);
    expect(facts.map(({ fact }) => fact)).toEqual(EVERY_FACT);
    expect(facts.map(({ seq }) => seq)).toEqual(EVERY_FACT.map((_, index) => index + 1));
    expect(after).toMatchObject({ seq: EVERY_FACT.length, status: 'running', startedAt: 5 });
  });

  test('a run whose seq moved on → left out whole, the others of the batch are committed', async () => {
    const [stale, fresh] = [await createOne(get()), await createOne(get())];
    await get().commitRuns([changeOf(stale, { facts: [{ kind: 'started', at: 1 }] })]);
    await get().addRequest({
      id: `r-${stale.id}`,
      runId: stale.id,
      createdAt: 1,
      by: 'me',
      body: { kind: 'cancel', reason: '' },
    });
    const child = newRun(fresh, { parent: { runId: stale.id, step: 0, item: -1, attempt: 1 } });
    const committed = await get().commitRuns([
      changeOf(stale, {
        facts: [attemptFact({ step: 0 })],
        children: [child],
        answered: [`r-${stale.id}`],
        status: 'completed',
        finishedAt: 9,
      }),
      changeOf(fresh, { facts: [{ kind: 'started', at: 2 }] }),
    ]);
    expect(committed).toEqual(new Set([fresh.id]));
    const after = await stored(get(), stale.id);
    expect(after.run).toMatchObject({ seq: 1, status: 'running', finishedAt: null });
    expect(after.facts).toHaveLength(1);
    expect(after.requests).toHaveLength(1);
    expect(await get().loadRuns([child.id])).toEqual([]);
  });

  test('the same change twice → applied once', async () => {
    const run = await createOne(get());
    const change = changeOf(run, { facts: [attemptFact({ step: 0 })] });
    await get().commitRuns([change]);
    expect(await get().commitRuns([change])).toEqual(new Set());
    expect((await stored(get(), run.id)).facts).toHaveLength(1);
  });

  test('a run moves alone, others in a batch → the same record, and a repeat is refused', async () => {
    const [alone, ...others] = [
      await createOne(get()),
      await createOne(get()),
      await createOne(get()),
    ];
    let seq = 0;
    for (const life of A_LIFE) {
      const change = (run: RunRecord) => changeOf({ ...run, seq }, life);
      expect(await get().commitRuns([change(alone)])).toEqual(new Set([alone.id]));
      expect(await get().commitRuns([change(alone)])).toEqual(new Set());
      expect((await get().commitRuns(others.map(change))).size).toBe(2);
      seq += life.facts.length;
      const expected = await stored(get(), others[0].id);
      const { id, namespace } = alone;
      const found = await stored(get(), id);
      expect(found).toEqual({
        ...expected,
        run: { ...expected.run, id, namespace, versionId: alone.versionId },
      });
      expect(found.run).toMatchObject({ seq, status: life.status });
    }
  });

  test('many writers race for one run → exactly one wins each round', async () => {
    const run = await createOne(get());
    for (let seq = 0; seq < 5; seq += 1) {
      const change = changeOf({ ...run, seq }, { facts: [attemptFact({ step: seq })] });
      const results = await Promise.all(
        Array.from({ length: 8 }, () => get().commitRuns([change])),
      );
      expect(results.filter((ids) => ids.has(run.id))).toHaveLength(1);
    }
    expect((await stored(get(), run.id)).facts).toHaveLength(5);
  });

  test('a run finishes, reopens with other input, finishes again → output and error follow', async () => {
    const run = await createOne(get(), { input: { n: 1 } });
    const error = { class: 'hard', code: 'code', message: 'no', step: 'a' } as const;
    const commit = (seq: number, change: Partial<RunChange>) =>
      get().commitRuns([
        changeOf({ ...run, seq }, { facts: [{ kind: 'expired', at: 1 }], ...change }),
      ]);
    await commit(0, { status: 'failed', finishedAt: 5, output: { part: 1 }, error });
    expect((await stored(get(), run.id)).run).toMatchObject({
      error,
      output: { part: 1 },
      finishedAt: 5,
    });
    await commit(1, { status: 'running', input: { n: 2 }, output: { part: 2 } });
    expect((await stored(get(), run.id)).run).toMatchObject({
      error: null,
      output: null,
      input: { n: 2 },
      finishedAt: null,
    });
    await commit(2, { status: 'completed', finishedAt: 9, output: [1] });
    expect((await stored(get(), run.id)).run).toMatchObject({ output: [1], input: { n: 2 } });
  });

  test('an empty batch, and a change without facts → nothing, and only the run', async () => {
    expect(await get().commitRuns([])).toEqual(new Set());
    const run = await createOne(get());
    await get().commitRuns([changeOf(run, { facts: [], status: 'waiting', wakeAt: 77 })]);
    expect((await stored(get(), run.id)).run).toMatchObject({
      seq: 0,
      status: 'waiting',
      wakeAt: 77,
    });
  });
}

function sweepsFindRuns(get: () => Ledger): void {
  test('runs with wake times → due ones oldest first, none of the finished', async () => {
    const runs = [
      await createOne(get()),
      await createOne(get()),
      await createOne(get()),
      await createOne(get()),
    ];
    const wakes = [30, 10, 20, 5_000];
    await get().commitRuns(
      runs.map((run, i) => changeOf(run, { status: 'waiting', wakeAt: wakes[i]! })),
    );
    expect(await get().dueRuns(30, 10)).toEqual([runs[1]!.id, runs[2]!.id, runs[0]!.id]);
    expect(await get().dueRuns(30, 1)).toEqual([runs[1]!.id]);
    const done = changeOf(runs[1]!, { status: 'completed', finishedAt: 1, wakeAt: null });
    await get().commitRuns([done]);
    expect(await get().dueRuns(30, 10)).toEqual([runs[2]!.id, runs[0]!.id]);
  });

  test('a pending run and a run with a request → neglected until folded', async () => {
    const pending = await createOne(get());
    const asked = await createOne(get());
    await get().commitRuns([changeOf(asked, { status: 'running' })]);
    expect(await get().neglectedRuns(1000)).toContain(pending.id);
    expect(await get().neglectedRuns(1000)).not.toContain(asked.id);
    const request = {
      id: randomUUID(),
      runId: asked.id,
      createdAt: 3,
      by: 'me',
      body: { kind: 'retry', fromStep: 'x', input: { a: 1 } },
    } as const;
    await get().addRequest(request);
    await get().addRequest(request);
    expect(await get().neglectedRuns(1000)).toContain(asked.id);
    expect((await stored(get(), asked.id)).requests).toEqual([request]);
    await get().commitRuns([changeOf(asked, { answered: [request.id], status: 'running' })]);
    expect((await stored(get(), asked.id)).requests).toEqual([]);
    expect(await get().neglectedRuns(1000)).not.toContain(asked.id);
  });

  test('a request of an unknown run → rejects', async () => {
    const body = { kind: 'cancel', reason: '' } as const;
    const request = { id: 'x', runId: randomUUID(), createdAt: 1, by: '', body };
    await expect(get().addRequest(request)).rejects.toThrow(/does not exist/);
  });

  test('unfinished runs are paged by id → each once, in order, no finished one', async () => {
    const open = [await createOne(get()), await createOne(get())];
    const finished = await createOne(get());
    await get().commitRuns([changeOf(finished, { status: 'cancelled', finishedAt: 2 })]);
    const seen: string[] = [];
    for (let page: string[] = ['']; page.length > 0; seen.push(...page)) {
      page = await get().unfinishedRuns(seen.at(-1) ?? '', 3);
    }
    expect(seen).toEqual(seen.toSorted());
    expect(new Set(seen).size).toBe(seen.length);
    for (const run of open) expect(seen).toContain(run.id);
    expect(seen).not.toContain(finished.id);
  });
}

function childrenAreFound(get: () => Ledger): void {
  test('a child ends → orphaned until its parent records the attempt', async () => {
    const parent = await createOne(get());
    const link = { runId: parent.id, step: 2, item: -1, attempt: 1 };
    const child = newRun(parent, { parent: link, cause: { kind: 'parent', name: parent.id } });
    await get().commitRuns([
      changeOf(parent, { facts: [{ kind: 'started', at: 1 }], children: [child] }),
    ]);
    expect(await get().childrenOf(parent.id)).toEqual([child.id]);
    const { run } = await stored(get(), child.id);
    expect(run).toMatchObject({ parent: link, status: 'pending', versionNumber: 1 });
    const orphans = async () => (await get().orphanedChildren(100)).map((end) => end.child.id);
    expect(await orphans()).not.toContain(child.id);
    await get().commitRuns([changeOf(run, { status: 'completed', finishedAt: 5, output: 7 })]);
    expect(await get().childrenOf(parent.id)).toEqual([]);
    expect(await orphans()).toContain(child.id);
    const [end] = (await get().orphanedChildren(100)).filter((one) => one.child.id === child.id);
    expect(end?.child).toMatchObject({ output: 7, status: 'completed' });
    const fact = attemptFact({ step: 2, item: -1, attempt: 1 });
    await get().commitRuns([changeOf({ ...parent, seq: 1 }, { facts: [fact] })]);
    expect(await orphans()).not.toContain(child.id);
  });

  test('a parent cancels its children → the unfinished one is asked, once, with the commit', async () => {
    const parent = await createOne(get());
    const link = { runId: parent.id, step: 0, item: -1, attempt: 1 };
    const children = [newRun(parent, { parent: link }), newRun(parent, { parent: link })];
    await get().commitRuns([changeOf(parent, { facts: [{ kind: 'started', at: 1 }], children })]);
    const [open, done] = children as [NewRun, NewRun];
    await get().commitRuns([
      changeOf({ id: done.id, seq: 0 }, { status: 'failed', finishedAt: 4 }),
    ]);
    const body = { kind: 'cancel', reason: 'the parent' } as const;
    const asked = [open.id, done.id, randomUUID()].map((runId) => {
      return { id: `${runId}.parent-cancel`, runId, createdAt: 5, by: 'parent', body };
    });
    const facts: Fact[] = [{ kind: 'expired', at: 5 }];
    await get().commitRuns([changeOf(parent, { facts, asked })]);
    expect((await stored(get(), open.id)).requests).toEqual([]);
    const change = changeOf({ ...parent, seq: 1 }, { facts, asked });
    expect(await get().commitRuns([change])).toEqual(new Set([parent.id]));
    await get().commitRuns([changeOf({ ...parent, seq: 2 }, { facts, asked })]);
    expect((await stored(get(), open.id)).requests).toEqual([asked[0]]);
    expect((await stored(get(), done.id)).requests).toEqual([]);
  });

  test('the parent has finished → its late child is no orphan', async () => {
    const parent = await createOne(get());
    const child = newRun(parent, { parent: { runId: parent.id, step: 0, item: -1, attempt: 1 } });
    await get().commitRuns([
      changeOf(parent, { status: 'cancelled', finishedAt: 3, children: [child] }),
    ]);
    const { run } = await stored(get(), child.id);
    await get().commitRuns([changeOf(run, { status: 'cancelled', finishedAt: 5 })]);
    const orphans = await get().orphanedChildren(100);
    expect(orphans.map((end) => end.child.id)).not.toContain(child.id);
  });
}

function locksExclude(get: () => Ledger): void {
  test('a lock is held → the second caller gets null, another name does not wait', async () => {
    const gate = Promise.withResolvers<void>();
    const first = get().withLock('a', async () => {
      await gate.promise;
      return 1;
    });
    await expect.poll(() => get().withLock('a', async () => 2)).toBe(null);
    expect(await get().withLock('b', async () => 3)).toBe(3);
    gate.resolve();
    expect(await first).toBe(1);
    expect(await get().withLock('a', async () => 4)).toBe(4);
  });

  test('the work under a lock fails → the lock is free again', async () => {
    const failed = get().withLock('c', () => Promise.reject(new Error('no')));
    await expect(failed).rejects.toThrow('no');
    expect(await get().withLock('c', async () => 1)).toBe(1);
  });
}

function sourcesAndEvents(get: () => Ledger): void {
  test('a source is saved twice → the last is loaded; an unknown one is null', async () => {
    const source = sourceRecord({ name: 'contract' });
    await get().saveSource(source);
    await get().saveSource({ ...source, lastAttemptedRevision: 'r2', handledToken: 't' });
    const expected = { ...source, lastAttemptedRevision: 'r2', handledToken: 't' };
    expect(await get().loadSource('contract')).toEqual(expected);
    expect(await get().loadSource('none')).toBe(null);
  });

  test('events and activity with hostile text → accepted', async () => {
    const run = await createOne(get());
    const event: NewEvent = {
      namespace: run.namespace,
      kind: 'Run',
      name: run.id,
      type: 'warning',
      reason: 'Odd',
      message: 'a\u0000b \ud800',
      details: { x: '\u0000' },
      at: 5,
    };
    await get().recordEvents([event, event, { ...event, at: 3 }]);
    await get().recordEvents([event]);
    const entry = { runId: run.id, step: 0, item: -1, attempt: 1, at: 1, level: 'info' } as const;
    await get().saveActivity([
      { ...entry, message: 'a\u0000b' },
      { ...entry, message: '', progress: 0.5, stats: { rows: 3 }, entityTag: 't' },
      { ...entry, runId: 'no run', message: '' },
    ]);
  });
}
