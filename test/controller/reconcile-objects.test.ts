import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commit, git, repository, scratch, write } from '../source/scratch.ts';
import { ReconcileRig, run, workflow } from './reconcile-rig.ts';

async function directory(files: Record<string, string>, options: { allowEmpty?: boolean } = {}) {
  const rig = await ReconcileRig.start();
  const dir = scratch();
  write(dir, files);
  const source = rig.source('dir', dir, options);
  await rig.look(source);
  const remove = (name: string) => rmSync(join(dir, name));
  return { rig, dir, source, remove };
}

describe('suspend and reconcile now', () => {
  test('suspended → a change waits; resumed → it is applied', async () => {
    const { rig, dir, source } = await directory({ 'a.yaml': workflow('a') });
    await rig.store.library.setSuspended('dir', true);
    write(dir, { 'a.yaml': workflow('a', 'two') });
    expect(await rig.look(source)).toBe('unchanged');
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 1 });
    await rig.store.library.setSuspended('dir', false);
    expect(await rig.look(source)).toBe('applied');
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 2 });
  });

  test('a token → one full look, by whoever comes first; then it is settled', async () => {
    const { rig, dir, source } = await directory({ 'a.yaml': workflow('a') });
    const other = rig.source('dir', dir);
    await rig.store.library.requestReconcile('dir', 'please');
    expect(await rig.look(source)).toBe('applied');
    expect(await rig.status('dir')).toMatchObject({ handledToken: 'please', updatedAt: rig.now });
    expect(await rig.look(source)).toBe('unchanged');
    expect(await rig.look(other)).toBe('unchanged');
    expect(await rig.events('dir')).toHaveLength(1);
  });

  test('asked while the look was under way → asked still', async () => {
    const { rig, dir } = await directory({ 'a.yaml': workflow('a') });
    const opened = rig.source('dir', dir);
    const source = rig.source('dir', dir, {
      reader: {
        read: async (revision, signal) => {
          await rig.store.library.requestReconcile('dir', 'late');
          return await opened.entry.reader.read(revision, signal);
        },
      },
    });
    await rig.store.library.requestReconcile('dir', 'early');
    await rig.look(source);
    expect(await rig.status('dir')).toMatchObject({
      handledToken: 'early',
      requestedToken: 'late',
    });
  });
});

describe('prune', () => {
  test('a file is deleted → its workflow goes, the others stay', async () => {
    const { rig, source, remove } = await directory({
      'a.yaml': workflow('a'),
      'b.yaml': workflow('b'),
    });
    remove('a.yaml');
    await rig.look(source);
    expect(await rig.workflow('a')).toBeUndefined();
    expect(await rig.workflow('b')).toMatchObject({ versionNumber: 1 });
    expect((await rig.events('dir')).at(-1)).toMatchObject({
      message: 'workflow default/a pruned',
    });
  });

  test('behest.dev/prune: disabled → it stays when it is no longer declared', async () => {
    const annotations = '{ behest.dev/prune: disabled }';
    const { rig, source, remove } = await directory({
      'a.yaml': workflow('a', 'one', { annotations }),
      'b.yaml': workflow('b'),
    });
    remove('a.yaml');
    await rig.look(source);
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 1 });
    expect((await rig.status('dir')).inventory.map(({ name }) => name)).toEqual(['b']);
  });

  test('only an annotation changes → it counts from then on', async () => {
    const { rig, dir, source, remove } = await directory({
      'a.yaml': workflow('a'),
      'b.yaml': workflow('b'),
    });
    write(dir, {
      'a.yaml': workflow('a', 'one', { annotations: '{ behest.dev/prune: disabled }' }),
    });
    await rig.look(source);
    expect(await rig.workflow('a')).toMatchObject({
      versionNumber: 1,
      annotations: { 'behest.dev/prune': 'disabled' },
    });
    remove('a.yaml');
    await rig.look(source);
    expect(await rig.workflow('a')).toBeDefined();
  });

  test('only the title changes → it is stored, without a new version', async () => {
    const { rig, dir, source } = await directory({ 'a.yaml': workflow('a') });
    write(dir, { 'a.yaml': workflow('a', 'one', { title: 'Other' }) });
    expect(await rig.look(source)).toBe('applied');
    expect(await rig.workflow('a')).toMatchObject({ title: 'Other', versionNumber: 1 });
  });

  test('everything vanishes at once → Stalled, nothing is pruned; back → Ready', async () => {
    const files = { 'a.yaml': workflow('a'), 'b.yaml': workflow('b') };
    const { rig, dir, source, remove } = await directory(files);
    for (const name of Object.keys(files)) remove(name);
    expect(await rig.look(source)).toBe('stalled');
    expect(await rig.condition('dir', 'Stalled')).toMatchObject({ reason: 'EmptySource' });
    expect(await rig.workflow('a')).toBeDefined();
    write(dir, files);
    await rig.look(source);
    expect((await rig.status('dir')).conditions).toMatchObject([{ type: 'Ready', status: 'True' }]);
  });

  test('everything vanishes and that is allowed → pruned', async () => {
    const files = { 'a.yaml': workflow('a'), 'b.yaml': workflow('b') };
    const { rig, source, remove } = await directory(files, { allowEmpty: true });
    for (const name of Object.keys(files)) remove(name);
    expect(await rig.look(source)).toBe('applied');
    expect(await rig.workflow('a')).toBeUndefined();
  });

  test('a file becomes bad → what it declared stays as it was, the others go on', async () => {
    const { rig, dir, source } = await directory({
      'a.yaml': workflow('a'),
      'b.yaml': workflow('b'),
    });
    write(dir, { 'a.yaml': 'kind: Workflow\napiVersion: behest.dev/v1\n' });
    write(dir, { 'b.yaml': workflow('b', 'two') });
    expect(await rig.look(source)).toBe('applied');
    expect(await rig.condition('dir', 'Ready')).toMatchObject({ reason: 'PartlyApplied' });
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 1 });
    expect(await rig.workflow('b')).toMatchObject({ versionNumber: 2 });
    write(dir, { 'a.yaml': workflow('a') });
    await rig.look(source);
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 1 });
  });
});

describe('runs', () => {
  test('a Run manifest → one run over two controllers, restarts and further revisions', async () => {
    const rig = await ReconcileRig.start();
    const repo = repository({ 'a.yaml': workflow('a'), 'r.yaml': run('once', 'a') });
    const [one, two] = [rig.source('repo', `${repo}#main`), rig.source('repo', `${repo}#main`)];
    await Promise.all([rig.look(one), rig.look(two)]);
    expect(await rig.runs()).toHaveLength(1);
    commit(repo, { 'a.yaml': workflow('a', 'two') });
    await rig.look(two);
    await rig.look(rig.source('repo', `${repo}#main`));
    expect(await rig.runs()).toHaveLength(1);
    expect(rig.nudged).toContain((await rig.runs())[0]!.id);
  });

  test('a new version → the run that is there stays at its own', async () => {
    const { rig, dir, source } = await directory({
      'a.yaml': workflow('a'),
      'r.yaml': run('once', 'a'),
    });
    write(dir, { 'a.yaml': workflow('a', 'two'), 's.yaml': run('later', 'a') });
    await rig.look(source);
    expect((await rig.runs()).map(({ versionNumber }) => versionNumber)).toEqual([1, 2]);
  });

  test('the manifest is deleted → onDelete: cancel asks its run to end, keep does not', async () => {
    const { rig, source, remove } = await directory({
      'a.yaml': workflow('a'),
      'stop.yaml': run('stop', 'a', 'cancel'),
      'go.yaml': run('go', 'a'),
    });
    remove('stop.yaml');
    remove('go.yaml');
    rig.nudged.length = 0;
    await rig.look(source);
    const runs = await rig.runs();
    const requests = await rig.store.ledger.loadRequests(runs.map(({ id }) => id));
    const stopped = runs.find(({ cause }) => cause.name === 'stop');
    expect(requests).toMatchObject([{ runId: stopped?.id, body: { kind: 'cancel' } }]);
    expect(rig.nudged).toEqual([stopped?.id]);
  });

  test('a Run of a workflow that another source brings later → applied then', async () => {
    const rig = await ReconcileRig.start();
    const [first, second] = [scratch(), scratch()];
    write(first, { 'r.yaml': run('once', 'later') });
    const source = rig.source('first', first);
    await rig.look(source);
    expect(await rig.condition('first', 'Ready')).toMatchObject({ status: 'False' });
    write(second, { 'w.yaml': workflow('later') });
    await rig.look(rig.source('second', second));
    expect(await rig.look(source)).toBe('applied');
    expect(await rig.runs()).toHaveLength(1);
    expect(await rig.condition('first', 'Ready')).toMatchObject({ status: 'True' });
  });
});

describe('git', () => {
  test('a file moves within the repository → nothing changes but the inventory', async () => {
    const rig = await ReconcileRig.start();
    const repo = repository({ 'a.yaml': workflow('a') });
    const source = rig.source('repo', `${repo}#main`);
    await rig.look(source);
    git(repo, 'mv', 'a.yaml', 'moved.yaml');
    commit(repo, {});
    await rig.look(source);
    expect(await rig.workflow('a')).toMatchObject({ versionNumber: 1 });
    expect((await rig.status('repo')).inventory).toMatchObject([{ file: 'moved.yaml' }]);
    expect(await rig.events('repo')).toHaveLength(1);
  });
});
