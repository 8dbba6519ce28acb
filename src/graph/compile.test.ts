import { describe, expect, it } from 'vitest';
import type { Scope } from '../expr/scope.ts';
import { build } from './build.ts';
import { compile } from './compile.ts';
import type { Graph } from './graph.ts';
import type { NodeTraits } from './node-traits.ts';
import type { WorkflowSpec } from './spec.ts';

function traits(runsIn: NodeTraits['runsIn'], verbatimKeys: readonly string[] = []): NodeTraits {
  return { runsIn, timeoutMs: 1000, fileKeys: [], verbatimKeys };
}

const NODE_TYPES: ReadonlyMap<string, NodeTraits> = new Map([
  ['http', traits('runner')],
  ['code', traits('runner', ['code'])],
  ['conditional', traits('controller')],
]);

function graphOf(spec: WorkflowSpec): Graph {
  const { graph, problems } = build(spec, { nodeTypes: NODE_TYPES, files: {} });
  if (graph === null) throw new Error(JSON.stringify(problems));
  return graph;
}

const SCOPE: Scope = {
  input: { x: 2, list: [1] },
  run: {},
  workflow: {},
  step: (id) => ({ status: 'completed', output: `out-${id}`, error: null }),
  item: 7,
  index: 0,
};

const SPEC: WorkflowSpec = {
  phases: [
    {
      name: 'p',
      steps: [
        {
          id: 'a',
          type: 'conditional',
          config: { condition: '{{input.x}} > 1', true_edge: 'b', false_edge: 'b' },
        },
        {
          id: 'b',
          type: 'http',
          when: 'input.x == 2',
          config: { u: '{{ a.output }} {{ secrets.k }}' },
        },
      ],
    },
    {
      name: 'q',
      steps: [
        {
          id: 'c',
          type: 'code',
          forEach: '{{ input.list }}',
          config: { code: '{{ raw', input: '{{ item }}' },
        },
      ],
    },
  ],
  finally: [{ id: 'f', type: 'http' }],
  resume: {
    when: [
      { http: 'http://x/{{ input.x }}' },
      { secret: 'k' },
      { expr: 'c.status == "completed"' },
    ],
  },
  output: { c: '{{ c.output }}' },
};

describe('a built graph → a program', () => {
  const program = compile(graphOf(SPEC));

  it('edges are turned round, each step once', () => {
    expect(program.steps.map(({ successors }) => successors)).toStrictEqual([[1], [], [], []]);
    expect(program.sinks).toStrictEqual([1, 2]);
    expect([...program.indexOf]).toStrictEqual([
      ['a', 0],
      ['b', 1],
      ['c', 2],
      ['f', 3],
    ]);
    expect(program.steps.map(({ section }) => section)).toStrictEqual([
      'main',
      'main',
      'main',
      'finally',
    ]);
  });

  it('phases know their steps and what waits for them', () => {
    expect(program.phases).toStrictEqual([
      { index: 0, needs: [], successors: [1], steps: [0, 1] },
      { index: 1, needs: [0], successors: [], steps: [2] },
    ]);
  });

  it('expressions are compiled', () => {
    const [a, b, c, f] = program.steps;
    expect(a?.condition?.evaluate(SCOPE)).toBe(true);
    expect(a?.config.resolve(SCOPE).config).toStrictEqual({ true_edge: 'b', false_edge: 'b' });
    expect(b?.when?.evaluate(SCOPE)).toBe(true);
    expect(b?.config.resolve(SCOPE)).toStrictEqual({
      config: { u: null },
      deferred: [{ path: ['u'], parts: [{ text: 'out-a ' }, { secret: 'secrets.k' }] }],
    });
    expect(c?.forEach?.evaluate(SCOPE)).toStrictEqual([1]);
    expect(c?.config.resolve(SCOPE).config).toStrictEqual({ code: '{{ raw', input: 7 });
    expect([f?.when, f?.forEach, f?.condition]).toStrictEqual([null, null, null]);
    expect(program.output?.evaluate(SCOPE)).toStrictEqual({ c: 'out-c' });
  });

  it('resume conditions are compiled in order', () => {
    const [http, secret, expr] = program.resumeWhen;
    expect(http?.kind === 'http' && http.url.evaluate(SCOPE)).toBe('http://x/2');
    expect(secret).toStrictEqual({ kind: 'secret', name: 'k' });
    expect(expr?.kind === 'expr' && expr.condition.evaluate(SCOPE)).toBe(true);
  });

  it('a stored graph, read back → the same program', () => {
    const graph = graphOf(SPEC);
    const again = compile(JSON.parse(JSON.stringify(graph)) as Graph);
    expect(again.graph).toStrictEqual(graph);
    expect(again.sinks).toStrictEqual(program.sinks);
  });

  it('no output → none', () => {
    expect(compile(graphOf({ steps: [{ id: 'a', type: 'http' }] })).output).toBeNull();
  });
});

describe('a graph that build did not make → an error that says where', () => {
  const graph = graphOf({ steps: [{ id: 'a', type: 'http', when: 'true' }] });
  const [step] = graph.steps;
  if (step === undefined) throw new Error('no step');

  it.each<[string, Graph, string]>([
    ['a bad condition', { ...graph, steps: [{ ...step, when: '1 +' }] }, 'step "a": when'],
    [
      'an unknown step',
      { ...graph, steps: [{ ...step, config: { u: '{{ zz.output }}' } }] },
      'step "a": config',
    ],
    ['a bad output', { ...graph, output: '{{' }, 'output'],
    [
      'an edge from nowhere',
      { ...graph, steps: [{ ...step, needs: [{ from: 9, branch: null }] }] },
      'needs step 9',
    ],
  ])('%s', (_, bad, message) => {
    expect(() => compile(bad)).toThrow(message);
  });
});
