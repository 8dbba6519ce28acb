import { describe, expect, test } from 'vitest';
import { nodeTypes } from '../nodes/registry.ts';
import { explain } from './explain.ts';

function explained(path: string) {
  const found = explain(path, nodeTypes);
  if (found.kind === 'unknown') throw new Error(found.message);
  return found;
}

test('a kind is explained with its fields', () => {
  const { fields } = explained('workflow');
  expect(fields.map(({ name }) => name)).toEqual(['apiVersion', 'kind', 'metadata', 'spec']);
});

test('a path leads through lists to their items', () => {
  expect(explained('workflow.spec.steps.retry.maxAttempts')).toMatchObject({
    type: 'a whole number',
    isRequired: false,
    defaultValue: '3',
  });
  expect(explained('workflow.spec.phases.steps.id').isRequired).toBe(true);
});

test('allowed values are listed', () => {
  expect(explained('workflow.spec.steps.join').values).toBe('"all", "any"');
  expect(explained('run.spec.onDelete')).toMatchObject({
    values: '"cancel", "keep"',
    defaultValue: '"keep"',
  });
});

test('a step’s config names the node types, and each is explained by its name', () => {
  expect(explained('workflow.spec.steps.config').description).toContain('http');
  expect(explained('http').fields.find(({ name }) => name === 'url')?.isRequired).toBe(true);
  expect(explained('node/workflow').fields.map(({ name }) => name)).toContain('workflow');
  expect(explained('http.response.maxBytes').type).toBe('a whole number');
});

test('a wrong path gets the one that was probably meant', () => {
  expect(explain('workflow.spec.step', nodeTypes)).toMatchObject({
    kind: 'unknown',
    suggestion: 'workflow.spec.steps',
  });
  expect(explain('workflw', nodeTypes)).toMatchObject({ suggestion: 'workflow' });
  expect(explain('run.spec.zzzzz', nodeTypes)).toMatchObject({ suggestion: null });
});

describe('every field of every kind and node type', () => {
  const paths: string[] = [];
  const visit = (path: string): void => {
    for (const { name } of explained(path).fields) {
      paths.push(`${path}.${name}`);
      visit(`${path}.${name}`);
    }
  };
  ['workflow', 'run', ...[...nodeTypes.keys()].map((type) => `node/${type}`)].forEach(visit);

  test('there are many', () => expect(paths.length).toBeGreaterThan(150));

  test('has a description', () => {
    // Deep inside a node type's config the name may say it all.
    const isOurs = (path: string) => !/^node\/\w+\.\w+\./.test(path);
    expect(paths.filter((path) => isOurs(path) && explained(path).description === '')).toEqual([]);
  });
});
