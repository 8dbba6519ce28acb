import { expect, test } from 'vitest';
import type { Graph } from '../graph/graph.ts';
import { diffGraphs } from './diff-graphs.ts';
import { readFiles } from './testing/check-text.ts';

function graphOf(spec: string): Graph {
  const text = `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec: ${spec}\n`;
  const { resources, problems } = readFiles({ 'a.yaml': text });
  const [resource] = resources;
  if (resource?.kind !== 'Workflow') throw new Error(JSON.stringify(problems));
  return resource.graph;
}

const before = graphOf(
  '{ steps: [{ id: a, type: start }, { id: b, type: http, config: { url: x, headers: { accept: y } } }, { id: c, type: end }] }',
);

test('a graph and itself are the same', () => {
  expect(diffGraphs(before, before)).toMatchObject({
    isSame: true,
    stepsChanged: [],
    workflow: [],
  });
});

test('a changed field is told with its value before and after', () => {
  const after = graphOf(
    '{ steps: [{ id: a, type: start }, { id: b, type: http, config: { url: x, headers: { accept: z } }, retry: { maxAttempts: 5 } }, { id: c, type: end }] }',
  );
  expect(diffGraphs(before, after)).toEqual({
    isSame: false,
    stepsAdded: [],
    stepsRemoved: [],
    stepsChanged: [
      {
        id: 'b',
        fields: [
          { field: 'config.headers.accept', before: 'y', after: 'z' },
          { field: 'retry.maxAttempts', before: 3, after: 5 },
        ],
      },
    ],
    edgesAdded: [],
    edgesRemoved: [],
    workflow: [],
  });
});

test('a step put between two others changes edges, and nothing else of its neighbours', () => {
  const after = graphOf(
    '{ steps: [{ id: a, type: start }, { id: n, type: start }, { id: b, type: http, config: { url: x, headers: { accept: y } } }, { id: c, type: end }] }',
  );
  expect(diffGraphs(before, after)).toMatchObject({
    stepsAdded: ['n'],
    stepsRemoved: [],
    stepsChanged: [],
    edgesAdded: ['a -> n', 'n -> b'],
    edgesRemoved: ['a -> b'],
  });
});

test('a branch is told by its name', () => {
  const after = graphOf(
    '{ steps: [{ id: a, type: conditional, config: { condition: "true", true_edge: c } }, { id: c, type: end }] }',
  );
  const { edgesAdded, stepsRemoved, stepsChanged } = diffGraphs(before, after);
  expect(edgesAdded).toEqual(['a[true] -> c']);
  expect(stepsRemoved).toEqual(['b']);
  expect(stepsChanged[0]?.fields).toContainEqual({
    field: 'type',
    before: 'start',
    after: 'conditional',
  });
});

test('input, output, phases, timeout and resume are the workflow’s', () => {
  const after = graphOf(
    '{ input: { type: object }, output: 1, timeout: 1h, resume: { maxAttempts: 0 }, phases: [{ name: p, steps: [{ id: a, type: start }, { id: b, type: http, config: { url: x, headers: { accept: y } } }, { id: c, type: end }] }] }',
  );
  const { workflow, stepsChanged } = diffGraphs(before, after);
  expect(workflow.map(({ field }) => field)).toEqual([
    'input',
    'output',
    'timeoutMs',
    'resume.maxAttempts',
    'phases.main',
    'phases.p',
    'phaseOrder',
  ]);
  expect(stepsChanged.map(({ fields }) => fields[0]?.field)).toEqual(['phase', 'phase', 'phase']);
});
