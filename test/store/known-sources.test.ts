import { expect, onTestFinished, test } from 'vitest';

import { openStore, type Store } from '../../src/store/open-store.ts';
import { freshDatabase } from '../services/postgres.ts';
import { revisionChange, sourceRecord, workflowChange } from './samples.ts';

async function twoProcesses(): Promise<readonly [Store, Store]> {
  const url = await freshDatabase();
  const [here, there] = [await openStore(url), await openStore(url)];
  onTestFinished(async () => {
    await here.close();
    await there.close();
  });
  return [here, there];
}

const entry = { namespace: 'n', kind: 'Workflow', name: 'f', file: 'f', digest: '', keep: false };

test('a source as this process wrote it → not read again', async () => {
  const [{ ledger }] = await twoProcesses();
  const inventory = [entry];
  await ledger.saveSource(sourceRecord({ name: 's', inventory }));
  expect((await ledger.loadSource('s'))?.inventory).toBe(inventory);
});

test('read twice → the same', async () => {
  const [here, there] = await twoProcesses();
  await there.ledger.saveSource(sourceRecord({ name: 's', inventory: [entry] }));
  const first = await here.ledger.loadSource('s');
  expect(first?.inventory).toEqual([entry]);
  expect((await here.ledger.loadSource('s'))?.inventory).toBe(first?.inventory);
});

test('written by another process since → what that one wrote', async () => {
  const [here, there] = await twoProcesses();
  for (const revision of ['1', '2', '3']) {
    await here.ledger.saveSource(sourceRecord({ name: 's', lastAppliedRevision: `h${revision}` }));
    await there.ledger.saveSource(sourceRecord({ name: 's', lastAppliedRevision: revision }));
    expect((await here.ledger.loadSource('s'))?.lastAppliedRevision).toBe(revision);
  }
});

test('asked for or suspended through the API → seen', async () => {
  const [{ ledger, library }] = await twoProcesses();
  await ledger.saveSource(sourceRecord({ name: 's' }));
  await library.requestReconcile('s', 'now');
  await library.setSuspended('s', true);
  expect(await ledger.loadSource('s')).toMatchObject({ requestedToken: 'now', suspended: true });
});

test('a revision that is refused → the record is the one before', async () => {
  const [{ ledger }] = await twoProcesses();
  const [mine, other] = ['mine', 'other'].map((name) => sourceRecord({ name }));
  if (mine === undefined || other === undefined) throw new Error('no records');
  const workflows = [workflowChange({ name: 'f' })];
  await ledger.saveSource(other);
  await ledger.applyRevision(revisionChange({ source: mine, workflows }));
  const source = { ...other, lastAppliedRevision: 'never' };
  await expect(ledger.applyRevision(revisionChange({ source, workflows }))).rejects.toThrow();
  expect((await ledger.loadSource('other'))?.lastAppliedRevision).toBe(other.lastAppliedRevision);
});
