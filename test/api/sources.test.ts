import { afterAll, beforeAll, expect, test } from 'vitest';
import { startApiRig, type ApiRig } from './api-rig.ts';
import { revisionChange, sourceRecord, workflowChange } from '../store/samples.ts';

let api: ApiRig;
const asked: string[] = [];
beforeAll(async () => {
  api = await startApiRig();
  api.rig.bus.onSignal('reconcile', ({ source }) => asked.push(source));
  const problem = {
    file: 'bad.yaml',
    line: 3,
    column: 7,
    code: 'unknown-field',
    severity: 'error',
    message: 'There is no field "stpes".',
    hint: 'Did you mean "steps"?',
    frame: '> 3 | stpes:',
  } as const;
  const ready = {
    type: 'Ready',
    status: 'True',
    reason: 'Applied',
    message: 'all applied',
    lastTransitionAt: 1_000,
  } as const;
  const source = sourceRecord({ problems: [problem], conditions: [ready] });
  const owned = workflowChange({ name: 'owned' });
  await api.rig.ledger.applyRevision(revisionChange({ source, workflows: [owned] }));
});
afterAll(() => api?.stop());

test('sources are listed and shown with conditions and problems', async () => {
  const { json } = await api.call('GET', '/api/v1/sources');
  expect(json.sources).toHaveLength(1);
  expect(json.sources[0]).toMatchObject({
    name: 'files',
    kind: 'directory',
    conditions: [{ type: 'Ready', status: 'True', last_transition_at: '1970-01-01T00:00:01Z' }],
    problems: [{ file: 'bad.yaml', line: 3, severity: 'error' }],
  });
  const one = await api.call('GET', '/api/v1/sources/files/');
  expect(one.json).toEqual(json.sources[0]);
});

test('reconcile asks the controllers; suspend and resume are kept', async () => {
  expect((await api.call('POST', '/api/v1/sources/files:reconcile')).status).toBe(200);
  await expect.poll(() => asked).toContain('files');
  expect((await api.rig.ledger.loadSource('files'))?.requestedToken).not.toBe('');
  expect((await api.call('POST', '/api/v1/sources/files:suspend', {})).json.suspended).toBe(true);
  expect((await api.call('GET', '/api/v1/sources/files')).json.suspended).toBe(true);
  expect((await api.call('POST', '/api/v1/sources/files:resume')).json.suspended).toBe(false);
});

test('a write to what a source owns says that the source wins', async () => {
  const document = { name: 'x', tasks: [{ id: 'a', tool: 'transform', config: { output: 1 } }] };
  const { json } = await api.call('PUT', '/api/v1/workflows/owned', document);
  expect(json).toMatchObject({ id: 'owned', owner: 'files', version: 2 });
  expect(json.warnings[0]).toContain('The source "files" owns the workflow "owned"');
});

test('apply takes several documents, whole or not at all', async () => {
  const workflow = (name: string, type: string): string =>
    `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: ${name} }\n` +
    `spec:\n  steps:\n    - { id: a, type: ${type}, config: { output: 1 } }\n`;
  const run =
    'apiVersion: behest.dev/v1\nkind: Run\nmetadata: { name: once }\nspec: { workflow: one }\n';
  const apply = (text: string, more: object = {}) =>
    api.call('POST', '/api/v1/apply', { text, ...more });

  const bad = await apply(
    [workflow('one', 'transform'), workflow('two', 'tranform')].join('---\n'),
  );
  expect(bad.status).toBe(400);
  expect((await api.call('GET', '/api/v1/workflows/one')).status).toBe(404);

  const text = [workflow('one', 'transform'), run].join('---\n');
  const planned = await apply(text, { validate_only: true });
  expect(planned.json.objects).toMatchObject([
    { kind: 'Workflow', name: 'one', action: 'created' },
  ]);
  expect((await api.call('GET', '/api/v1/workflows/one')).status).toBe(404);

  const first = await apply(text);
  expect(first.json.objects).toMatchObject([
    { kind: 'Workflow', name: 'one', action: 'created', version: 1 },
    { kind: 'Run', name: 'once', action: 'created' },
  ]);
  await api.rig.status(first.json.objects[1].run_id, 'completed');
  const again = await apply(text);
  expect(again.json.objects).toMatchObject([{ action: 'unchanged' }, { action: 'unchanged' }]);
  expect(again.json.objects[1].run_id).toBe(first.json.objects[1].run_id);
});

test('events are listed, newest first', async () => {
  const about = {
    namespace: '',
    kind: 'Source',
    name: 'files',
    type: 'normal',
    details: {},
  } as const;
  await api.rig.ledger.recordEvents([
    { ...about, reason: 'Applied', message: 'one', at: 1 },
    { ...about, reason: 'Failed', message: 'two', at: 2 },
  ]);
  const { json } = await api.call('GET', '/api/v1/events?kind=Source&name=files');
  expect(json.events.map(({ reason }: { reason: string }) => reason)).toEqual([
    'Failed',
    'Applied',
  ]);
});
