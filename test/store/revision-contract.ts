import { randomUUID } from 'node:crypto';

import { expect, test } from 'vitest';

import type {
  Ledger,
  RevisionChange,
  RunManifest,
  WorkflowChange,
} from '../../src/controller/ports.ts';
import type { InventoryEntry } from '../../src/record/source.ts';
import { EMPTY_GRAPH, revisionChange, sourceRecord, workflowChange } from './samples.ts';

/** A world of one namespace and one source, so that tests do not meet. */
function makeWorld(ledger: Ledger) {
  const id = randomUUID().slice(0, 8);
  const namespace = `ns-${id}`;
  const source = sourceRecord({ name: `source-${id}` });
  const flow = (change: Partial<WorkflowChange> = {}) => workflowChange({ namespace, ...change });
  const apply = (change: Partial<RevisionChange>) =>
    ledger.applyRevision(revisionChange({ source, ...change }));
  const find = async (name = 'flow') => (await ledger.findWorkflows([{ namespace, name }]))[0];
  const entry = (kind: string, name: string): InventoryEntry => ({
    namespace,
    kind,
    name,
    file: 'f.yaml',
    digest: '',
    keep: false,
  });
  const manifest = (change: Partial<RunManifest> = {}): RunManifest => ({
    namespace,
    name: 'once',
    workflow: 'flow',
    input: { n: 1 },
    labels: { a: 'b' },
    onDelete: 'keep',
    digest: 'm1',
    ...change,
  });
  return { namespace, source, flow, apply, find, entry, manifest, id };
}

/** What applyRevision promises; a part of the ledger's contract. */
export function revisionContract(get: () => Ledger): void {
  versionsAreRegistered(get);
  ownersAreKept(get);
  runManifestsStartOnce(get);
  pruningMarks(get);
}

function versionsAreRegistered(get: () => Ledger): void {
  test('a new workflow → version 1 with its graph, manifest and origin', async () => {
    const { apply, flow, find, namespace } = makeWorld(get());
    const graph = { ...EMPTY_GRAPH, files: { 'a.py': 'abc' } };
    const manifest = { z: 1, a: { text: '\u0000' } };
    const change = flow({ graph, manifest, labels: { l: '1' }, annotations: { a: '2' } });
    const applied = await apply({ workflows: [change] });
    expect(applied).toMatchObject({ created: [`workflow ${namespace}/flow`], unchanged: [] });
    const workflow = await find();
    expect(workflow).toMatchObject({ versionNumber: 1, digest: 'd1', labels: { l: '1' } });
    const [version] = await get().loadVersions([workflow!.versionId]);
    expect(version).toMatchObject({ number: 1, namespace, workflow: 'flow', graph, manifest });
    expect(version?.origin).toEqual(change.origin);
    expect(Object.keys(version!.manifest)).toEqual(['z', 'a']);
  });

  test('the same digest again → unchanged; another → the next version; the old one stays', async () => {
    const { apply, flow, find, namespace } = makeWorld(get());
    await apply({ workflows: [flow()] });
    const first = await find();
    expect(await apply({ workflows: [flow()] })).toMatchObject({
      unchanged: [`workflow ${namespace}/flow`],
      configured: [],
    });
    expect(await find()).toEqual(first);
    const next = await apply({ workflows: [flow({ digest: 'd2' })] });
    expect(next.configured).toEqual([`workflow ${namespace}/flow`]);
    expect(await find()).toMatchObject({ versionNumber: 2, id: first!.id });
    expect(await get().loadVersions([first!.versionId])).toHaveLength(1);
  });

  test('only the title changes → configured, without a new version', async () => {
    const { apply, flow, find } = makeWorld(get());
    await apply({ workflows: [flow()] });
    const applied = await apply({ workflows: [flow({ title: 'Other' })] });
    expect(applied.configured).toHaveLength(1);
    expect(await find()).toMatchObject({ title: 'Other', versionNumber: 1 });
  });

  test('an apply trigger → one run for each new version, none for an unchanged one', async () => {
    const { apply, flow } = makeWorld(get());
    const graph = { ...EMPTY_GRAPH, applyTrigger: { name: 'commit', input: { by: 'apply' } } };
    const first = await apply({ workflows: [flow({ graph })] });
    const same = await apply({ workflows: [flow({ graph })] });
    const second = await apply({ workflows: [flow({ graph, digest: 'd2' })] });
    expect([first, same, second].map((applied) => applied.runIds.length)).toEqual([1, 0, 1]);
    const [loaded] = await get().loadRuns(second.runIds);
    expect(loaded?.run).toMatchObject({
      versionNumber: 2,
      input: { by: 'apply' },
      cause: { kind: 'apply', name: 'commit' },
    });
  });

  test('the source → saved with the revision; many workflows in one revision → all there', async () => {
    const { apply, flow, source, find } = makeWorld(get());
    const workflows = Array.from({ length: 450 }, (_, i) =>
      flow({ name: `w-${i}`, digest: `d${i}` }),
    );
    const applied = await apply({ workflows, source: { ...source, lastAppliedRevision: 'r9' } });
    expect(applied.created).toHaveLength(450);
    expect(await get().loadSource(source.name)).toMatchObject({ lastAppliedRevision: 'r9' });
    expect(await find('w-449')).toMatchObject({ digest: 'd449' });
  });

  test('the same revision from two controllers at once → one version, one run', async () => {
    const { apply, flow, find, manifest } = makeWorld(get());
    const change = { workflows: [flow()], runs: [manifest()] };
    const results = await Promise.all([apply(change), apply(change), apply(change)]);
    expect(await find()).toMatchObject({ versionNumber: 1 });
    expect(new Set(results.flatMap((applied) => applied.runIds)).size).toBe(1);
  });
}

function ownersAreKept(get: () => Ledger): void {
  test('another source owns it → OwnershipConflict names object and both, nothing is applied', async () => {
    const { apply, flow, find, namespace, source } = makeWorld(get());
    await apply({ workflows: [flow()] });
    const workflows = [flow({ name: 'second' }), flow({ digest: 'd2' })];
    const attempt = apply({ source: sourceRecord({ name: 'thief' }), workflows });
    await expect(attempt).rejects.toMatchObject({
      name: 'OwnershipConflict',
      message: expect.stringMatching(`thief.*workflow ${namespace}/flow.*${source.name}`) as string,
    });
    expect(await find()).toMatchObject({ digest: 'd1', owner: source.name });
    expect(await find('second')).toBe(undefined);
    expect(await get().loadSource('thief')).toBe(null);
  });

  test('its owner prunes it → another source may have it, numbers go on', async () => {
    const { apply, flow, find, entry } = makeWorld(get());
    await apply({ workflows: [flow()] });
    await apply({ pruned: [entry('Workflow', 'flow')] });
    const other = sourceRecord({ name: `other-${randomUUID()}` });
    await apply({ source: other, workflows: [flow({ digest: 'd2' })] });
    expect(await find()).toMatchObject({ owner: other.name, versionNumber: 2 });
  });
}

function runManifestsStartOnce(get: () => Ledger): void {
  test('a Run manifest → one run of the newest version; again → none; a new spec → one more', async () => {
    const { apply, flow, manifest, namespace } = makeWorld(get());
    const first = await apply({ workflows: [flow()], runs: [manifest()] });
    expect(first.created).toContain(`run ${namespace}/once`);
    const [loaded] = await get().loadRuns(first.runIds);
    expect(loaded?.run).toMatchObject({
      status: 'pending',
      versionNumber: 1,
      input: { n: 1 },
      labels: { a: 'b' },
      cause: { kind: 'manifest', name: 'once' },
    });
    const again = await apply({ workflows: [flow({ digest: 'd2' })], runs: [manifest()] });
    expect(again).toMatchObject({ runIds: [], unchanged: [`run ${namespace}/once`] });
    const other = await apply({ runs: [manifest({ digest: 'm2' })] });
    expect(other).toMatchObject({ configured: [`run ${namespace}/once`] });
    expect((await get().loadRuns(other.runIds))[0]?.run.versionNumber).toBe(2);
    const back = await apply({ runs: [manifest()] });
    expect(back.runIds).toEqual([]);
  });

  test('a Run names a workflow that is nowhere → UnknownWorkflow names it, nothing is applied', async () => {
    const { apply, flow, manifest, find } = makeWorld(get());
    const runs = [manifest({ workflow: 'missing' })];
    await expect(apply({ workflows: [flow()], runs })).rejects.toMatchObject({
      name: 'UnknownWorkflow',
      workflow: 'missing',
      message: expect.stringContaining('"missing"') as string,
    });
    expect(await find()).toBe(undefined);
  });

  test('a Run names a deleted workflow → UnknownWorkflow', async () => {
    const { apply, flow, manifest, entry } = makeWorld(get());
    await apply({ workflows: [flow()] });
    await apply({ pruned: [entry('Workflow', 'flow')] });
    await expect(apply({ runs: [manifest()] })).rejects.toMatchObject({ name: 'UnknownWorkflow' });
  });

  test('another source declares the same Run → OwnershipConflict', async () => {
    const { apply, flow, manifest } = makeWorld(get());
    await apply({ workflows: [flow()], runs: [manifest()] });
    const source = sourceRecord({ name: 'thief' });
    await expect(apply({ source, runs: [manifest()] })).rejects.toMatchObject({
      name: 'OwnershipConflict',
    });
  });
}

function pruningMarks(get: () => Ledger): void {
  test('a workflow is pruned and comes back → gone, then alive without a new version', async () => {
    const { apply, flow, find, entry, namespace } = makeWorld(get());
    await apply({ workflows: [flow()] });
    const applied = await apply({ pruned: [entry('Workflow', 'flow')] });
    expect(applied.pruned).toEqual([`workflow ${namespace}/flow`]);
    expect(await find()).toBe(undefined);
    expect((await apply({ pruned: [entry('Workflow', 'flow')] })).pruned).toEqual([]);
    expect((await apply({ workflows: [flow()] })).created).toHaveLength(1);
    expect(await find()).toMatchObject({ versionNumber: 1, deletedAt: null });
  });

  test('an object of another source is pruned → it stays', async () => {
    const { apply, flow, find, entry } = makeWorld(get());
    await apply({ workflows: [flow()] });
    const source = sourceRecord({ name: 'stranger' });
    expect((await apply({ source, pruned: [entry('Workflow', 'flow')] })).pruned).toEqual([]);
    expect(await find()).toBeDefined();
  });

  test('a Run manifest with onDelete cancel is pruned → its run gets a cancel request, once', async () => {
    const { apply, flow, manifest, entry } = makeWorld(get());
    const runs = [manifest({ onDelete: 'cancel' }), manifest({ name: 'kept' })];
    const { runIds } = await apply({ workflows: [flow()], runs });
    const gone = [entry('Run', 'once'), entry('Run', 'kept')];
    expect((await apply({ pruned: gone })).pruned).toHaveLength(2);
    await apply({ pruned: gone });
    const loaded = await get().loadRuns(runIds);
    const requests = loaded.flatMap((each) => each.requests);
    expect(requests).toHaveLength(1);
    expect(requests[0]).toMatchObject({ body: { kind: 'cancel' }, runId: runIds[0] });
  });

  test('a pruned Run manifest comes back unchanged → no second run', async () => {
    const { apply, flow, manifest, entry } = makeWorld(get());
    await apply({ workflows: [flow()], runs: [manifest()] });
    await apply({ pruned: [entry('Run', 'once')] });
    expect((await apply({ runs: [manifest()] })).runIds).toEqual([]);
    expect((await apply({ pruned: [entry('Run', 'once')] })).pruned).toHaveLength(1);
  });
}
