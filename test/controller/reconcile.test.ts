import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commit, repository, scratch, write } from '../source/scratch.ts';
import { ReconcileRig, run, workflow } from './reconcile-rig.ts';

function remove(dir: string, name: string): void {
  rmSync(join(dir, name));
}

function byReason(a: { reason: string }, b: { reason: string }): number {
  return a.reason < b.reason ? -1 : 1;
}

describe('status', () => {
  test('good, bad, good again → conditions date from when their status changed', async () => {
    const rig = await ReconcileRig.start();
    const repo = repository({ 'a.yaml': workflow('a') });
    const source = rig.source('repo', `${repo}#main`);
    expect(await rig.look(source)).toBe('applied');
    const first = await rig.status('repo');
    expect(first).toMatchObject({
      conditions: [{ type: 'Ready', status: 'True', reason: 'Applied', lastTransitionAt: rig.now }],
      lastAttemptedRevision: first.lastAppliedRevision,
    });
    const readyAt = rig.now;
    commit(repo, { 'b.yaml': workflow('b') });
    await rig.look(source);
    expect(await rig.condition('repo', 'Ready')).toMatchObject({ lastTransitionAt: readyAt });
    const good = (await rig.status('repo')).lastAppliedRevision;
    const bad = commit(repo, { 'a.yaml': workflow('a').replace('transform', 'transfrom') });
    expect(await rig.look(source)).toBe('invalid');
    expect(await rig.status('repo')).toMatchObject({
      lastAttemptedRevision: bad,
      lastAppliedRevision: good,
      problems: [{ file: 'a.yaml', line: 6, code: 'unknown-type' }],
      conditions: [
        { type: 'Ready', status: 'False', reason: 'ValidationFailed', lastTransitionAt: rig.now },
      ],
    });
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 1 });
    commit(repo, { 'a.yaml': workflow('a', 'two') });
    expect(await rig.look(source)).toBe('applied');
    expect(await rig.condition('repo', 'Ready')).toMatchObject({ status: 'True' });
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 2 });
  });

  test('a source that was never read → seen with Ready unknown while its first look lasts', async () => {
    const rig = await ReconcileRig.start();
    const dir = scratch();
    const resolve = async () => {
      expect(await rig.condition('dir', 'Ready')).toMatchObject({ status: 'Unknown' });
      expect(await rig.condition('dir', 'Reconciling')).toMatchObject({ status: 'True' });
      throw new Error('out of reach');
    };
    expect(await rig.look(rig.source('dir', dir, { reader: { resolve } }))).toBe('fetch_failed');
  });

  test('nothing changed → nothing is written, no event', async () => {
    const rig = await ReconcileRig.start();
    const dir = scratch();
    write(dir, { 'a.yaml': workflow('a') });
    const source = rig.source('dir', dir);
    await rig.look(source);
    const before = await rig.status('dir');
    expect(await rig.look(source)).toBe('unchanged');
    expect(await rig.status('dir')).toEqual(before);
    expect(await rig.events('dir')).toMatchObject([{ reason: 'Applied', count: 1 }]);
  });

  test('a bad file in a directory → a warning event, once, beside what was applied', async () => {
    const rig = await ReconcileRig.start();
    const dir = scratch();
    write(dir, { 'a.yaml': workflow('a'), 'b.yaml': 'kind: Nonsense\n' });
    const source = rig.source('dir', dir);
    await rig.look(source);
    await rig.look(source);
    const events = await rig.events('dir');
    expect(
      events.map(({ reason, type, count }) => ({ reason, type, count })).toSorted(byReason),
    ).toEqual([
      { reason: 'Applied', type: 'normal', count: 1 },
      { reason: 'PartlyApplied', type: 'warning', count: 1 },
    ]);
    const warning = events.find(({ type }) => type === 'warning');
    expect(warning?.message).toContain('b.yaml:1:');
  });

  test('a bad revision looked at again → one event; a failing fetch → its event counts', async () => {
    const rig = await ReconcileRig.start();
    const repo = repository({ 'a.yaml': 'kind: Nonsense\napiVersion: behest.dev/v1\n' });
    const source = rig.source('repo', `${repo}#main`);
    expect([await rig.look(source), await rig.look(source)]).toEqual(['invalid', 'invalid']);
    rmSync(repo, { recursive: true });
    await rig.look(source);
    await rig.look(source);
    expect(await rig.events('repo')).toMatchObject([
      { reason: 'ValidationFailed', count: 1, type: 'warning' },
      { reason: 'FetchFailed', count: 2, type: 'warning' },
    ]);
  });
});

describe('a source out of reach', () => {
  test('the directory is gone → everything stays, FetchFailed; back again → Ready', async () => {
    const rig = await ReconcileRig.start();
    const parent = scratch();
    const dir = join(parent, 'flows');
    write(dir, { 'a.yaml': workflow('a'), 'b.yaml': workflow('b') });
    const source = rig.source('dir', dir);
    await rig.look(source);
    const { lastAppliedRevision, inventory } = await rig.status('dir');
    rmSync(dir, { recursive: true });
    expect(await rig.look(source)).toBe('fetch_failed');
    expect(await rig.status('dir')).toMatchObject({
      lastAppliedRevision,
      inventory,
      conditions: [
        { type: 'Ready', status: 'False', reason: 'FetchFailed' },
        { type: 'FetchFailed', status: 'True' },
        { type: 'Reconciling', status: 'True', reason: 'ProgressingWithRetry' },
      ],
    });
    expect(await rig.workflow('a')).toBeDefined();
    write(dir, { 'a.yaml': workflow('a'), 'b.yaml': workflow('b') });
    await rig.look(source);
    expect((await rig.status('dir')).conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 1 });
  });

  test('the process ends during a look → nothing is recorded about it', async () => {
    const rig = await ReconcileRig.start();
    const abort = new AbortController();
    const resolve = () => {
      abort.abort();
      return Promise.reject(new Error('given up'));
    };
    const source = rig.source('dir', scratch(), { reader: { resolve } });
    await expect(rig.look(source, abort.signal)).rejects.toThrow('aborted');
    expect(await rig.condition('dir', 'FetchFailed')).toBeUndefined();
  });
});

describe('ownership', () => {
  test('two directories declare one workflow → the second names both, the rest of it applies', async () => {
    const rig = await ReconcileRig.start();
    const [one, two] = [scratch(), scratch()];
    write(one, { 'a.yaml': workflow('a') });
    write(two, { 'mine.yaml': workflow('mine'), 'stolen.yaml': workflow('a', 'two') });
    const [first, second] = [rig.source('one', one), rig.source('two', two)];
    await rig.look(first);
    expect(await rig.look(second)).toBe('applied');
    const ready = await rig.condition('two', 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'OwnershipConflict' });
    expect(ready?.message).toMatch(/stolen\.yaml:3:\d+: Workflow "a".*source "one".*source "two"/);
    expect((await rig.status('two')).problems).toMatchObject([{ file: 'stolen.yaml', line: 3 }]);
    expect(await rig.workflow('mine')).toMatchObject({ owner: 'two' });
    expect(await rig.workflow('a')).toMatchObject({ owner: 'one', versionNumber: 1 });
    expect(await rig.look(second)).toBe('unchanged');

    remove(one, 'a.yaml');
    await rig.look(first);
    expect(await rig.look(second)).toBe('applied');
    expect(await rig.workflow('a')).toMatchObject({ owner: 'two', versionNumber: 2 });
    expect(await rig.condition('two', 'Ready')).toMatchObject({ status: 'True' });
  });

  test('two repositories declare one workflow → nothing of the second applies, Stalled', async () => {
    const rig = await ReconcileRig.start();
    const one = scratch();
    write(one, { 'a.yaml': workflow('a') });
    const repo = repository({ 'mine.yaml': workflow('mine'), 'stolen.yaml': workflow('a') });
    await rig.look(rig.source('one', one));
    const second = rig.source('two', `${repo}#main`);
    expect(await rig.look(second)).toBe('stalled');
    expect((await rig.status('two')).conditions).toMatchObject([
      { type: 'Ready', status: 'False', reason: 'OwnershipConflict' },
      { type: 'Stalled', status: 'True', reason: 'OwnershipConflict' },
    ]);
    expect(await rig.workflow('mine')).toBeUndefined();
  });

  test('two sources declare one Run → the first has it, the second says so', async () => {
    const rig = await ReconcileRig.start();
    const [one, two] = [scratch(), scratch()];
    write(one, { 'a.yaml': workflow('a'), 'r.yaml': run('once', 'a') });
    write(two, { 'r.yaml': run('once', 'a', 'cancel'), 'b.yaml': workflow('b') });
    await rig.look(rig.source('one', one));
    await rig.look(rig.source('two', two));
    expect(await rig.condition('two', 'Ready')).toMatchObject({ reason: 'OwnershipConflict' });
    expect(await rig.workflow('b')).toBeDefined();
    expect(await rig.runs()).toHaveLength(1);
  });
});

describe('what the API wrote', () => {
  test('a workflow that a source owns → the next look restores the manifest', async () => {
    const rig = await ReconcileRig.start();
    const dir = scratch();
    write(dir, { 'a.yaml': workflow('a'), 'b.yaml': workflow('b') });
    const source = rig.source('dir', dir);
    await rig.look(source);
    const declared = await rig.workflow('a');
    await rig.overwrite('a', { title: 'Edited', digest: 'edited' });
    expect(await rig.workflow('a')).toMatchObject({ title: 'Edited', versionNumber: 2 });
    expect(await rig.look(source)).toBe('applied');
    expect(await rig.workflow('a')).toMatchObject({
      title: declared!.title,
      digest: declared!.digest,
      versionNumber: 3,
      owner: 'dir',
    });
    const drift = (await rig.events('dir')).filter(({ reason }) => reason === 'DriftCorrected');
    expect(drift).toMatchObject([{ message: 'workflow default/a configured' }]);
    expect(await rig.look(source)).toBe('unchanged');
  });

  test('deleted what a source owns → the next look brings it back', async () => {
    const rig = await ReconcileRig.start();
    const dir = scratch();
    write(dir, { 'a.yaml': workflow('a') });
    const source = rig.source('dir', dir);
    await rig.look(source);
    await rig.store.library.deleteWorkflow('default', 'a', rig.now);
    expect(await rig.workflow('a')).toBeUndefined();
    await rig.look(source);
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 1 });
  });

  test('a write while the source was out of reach or invalid → restored once it is not', async () => {
    const rig = await ReconcileRig.start();
    const repo = repository({ 'a.yaml': workflow('a') });
    const source = rig.source('repo', `${repo}#main`);
    await rig.look(source);
    await rig.overwrite('a', { digest: 'edited' });
    commit(repo, { 'b.yaml': 'kind: Nonsense\napiVersion: behest.dev/v1\n' });
    expect(await rig.look(source)).toBe('invalid');
    commit(repo, { 'b.yaml': workflow('b') });
    await rig.look(source);
    expect((await rig.workflow('a'))?.digest).not.toBe('edited');
  });
});
