import { expect, test } from 'vitest';
import type { InventoryEntry } from '../record/source.ts';
import { diff } from './diff.ts';
import { readFiles } from './testing/check-text.ts';

const text = (name: string) =>
  `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: ${name} }\nspec: { steps: [{ id: a, type: start }] }\n`;

test('created, configured, unchanged and pruned are told apart', () => {
  const { resources } = readFiles({ 'a.yaml': ['a', 'b', 'c'].map(text).join('---\n') });
  const digest = resources[0]?.digest ?? '';
  const entry = (name: string, more: Partial<InventoryEntry>): InventoryEntry => ({
    namespace: 'default',
    kind: 'Workflow',
    name,
    file: 'a.yaml',
    digest,
    keep: false,
    ...more,
  });
  const found = diff(resources, [
    entry('b', { digest: 'older' }),
    entry('c', {}),
    entry('d', {}),
    entry('e', { keep: true }),
    entry('a', { kind: 'Run' }),
  ]);
  expect(found.created.map(({ name }) => name)).toEqual(['a']);
  expect(found.configured.map(({ name }) => name)).toEqual(['b']);
  expect(found.unchanged.map(({ name }) => name)).toEqual(['c']);
  expect(found.pruned.map(({ kind, name }) => `${kind} ${name}`)).toEqual(['Workflow d', 'Run a']);
});
