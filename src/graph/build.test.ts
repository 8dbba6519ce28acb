import { describe, expect, it } from 'vitest';
import type { JsonObject } from '../expr/json.ts';
import { build } from './build.ts';
import type { Edge, Graph, Step } from './graph.ts';
import type { NodeTraits } from './node-traits.ts';
import type { StepSpec, WorkflowSpec } from './spec.ts';

function traits(runsIn: NodeTraits['runsIn'], more: Partial<NodeTraits> = {}): NodeTraits {
  return { runsIn, timeoutMs: 60_000, fileKeys: [], verbatimKeys: [], ...more };
}

const NODE_TYPES: ReadonlyMap<string, NodeTraits> = new Map([
  ['http', traits('runner')],
  [
    'code',
    traits('runner', { timeoutMs: 5000, fileKeys: ['file', 'files'], verbatimKeys: ['code'] }),
  ],
  ...['conditional', 'switch', 'transform', 'start', 'end', 'wait', 'workflow'].map(
    (type): [string, NodeTraits] => [type, traits('controller')],
  ),
]);

function built(spec: WorkflowSpec, files: Readonly<Record<string, string>> = {}): Graph {
  const { graph, problems } = build(spec, { nodeTypes: NODE_TYPES, files });
  expect(problems).toStrictEqual([]);
  if (graph === null) throw new Error('no graph without problems');
  return graph;
}

function http(id: string, more: Partial<StepSpec> = {}): StepSpec {
  return { id, type: 'http', ...more };
}

function conditional(id: string, edges: JsonObject, more: Partial<StepSpec> = {}): StepSpec {
  return { id, type: 'conditional', config: { condition: '{{input.x}} > 1', ...edges }, ...more };
}

/** `b<-a:true,c` for each step: the steps that it needs by id, with the branch. */
function edges(graph: Graph): string {
  const source = ({ from, branch }: Edge): string =>
    `${graph.steps[from]?.id ?? '?'}${branch === null ? '' : `:${branch}`}`;
  return graph.steps.map(({ id, needs }) => `${id}<-${needs.map(source).join(',')}`).join(' ');
}

describe('the smallest workflow → every default filled in', () => {
  it('one step', () => {
    expect(built({ steps: [http('a')] })).toStrictEqual({
      input: null,
      phases: [{ name: 'main', title: 'main', needs: [] }],
      steps: [
        {
          id: 'a',
          name: 'a',
          type: 'http',
          section: 'main',
          phase: 0,
          config: {},
          needs: [],
          join: 'all',
          when: null,
          forEach: null,
          maxParallel: null,
          retry: {
            maxAttempts: 3,
            initialDelayMs: 1000,
            maxDelayMs: 60_000,
            factor: 2,
            jitter: 0.2,
          },
          timeoutMs: 60_000,
          onError: 'fail',
          queue: 'default',
        },
      ],
      output: null,
      timeoutMs: null,
      resume: { everyMs: 300_000, maxAttempts: 5, when: [] },
      files: {},
      applyTrigger: null,
    });
  });

  it.each<[string, Partial<StepSpec>, Partial<Step>]>([
    [
      'a step of the controller is tried once',
      { type: 'transform' },
      {
        retry: { maxAttempts: 1, initialDelayMs: 1000, maxDelayMs: 60_000, factor: 2, jitter: 0.2 },
      },
    ],
    [
      'but as often as it says',
      { type: 'workflow', retry: { maxAttempts: 2 } },
      {
        retry: { maxAttempts: 2, initialDelayMs: 1000, maxDelayMs: 60_000, factor: 2, jitter: 0.2 },
      },
    ],
    [
      'retry as written',
      { retry: { maxAttempts: 9, initialDelay: '0s', maxDelay: '2m', factor: 1.5, jitter: 0 } },
      { retry: { maxAttempts: 9, initialDelayMs: 0, maxDelayMs: 120_000, factor: 1.5, jitter: 0 } },
    ],
    [
      'the longest delay is never below the first',
      { retry: { initialDelay: '5m' } },
      {
        retry: {
          maxAttempts: 3,
          initialDelayMs: 300_000,
          maxDelayMs: 300_000,
          factor: 2,
          jitter: 0.2,
        },
      },
    ],
    ['timeout of the node type', { type: 'code' }, { timeoutMs: 5000 }],
    ['timeout as written', { timeout: '1h30m' }, { timeoutMs: 5_400_000 }],
    ['a fan-out runs 1000 at once', { forEach: [1] }, { forEach: [1], maxParallel: 1000 }],
    [
      'or as many as it says',
      { forEach: '{{ input.list }}', maxParallel: 3 },
      { forEach: '{{ input.list }}', maxParallel: 3 },
    ],
    [
      'all that is written',
      { name: 'A', when: 'true', onError: 'continue', queue: 'gpu', join: 'any' },
      { name: 'A', when: 'true', onError: 'continue', queue: 'gpu', join: 'any' },
    ],
  ])('%s', (_, spec, expected) => {
    expect(built({ steps: [http('a', spec)] }).steps[0]).toMatchObject(expected);
  });

  it('the workflow’s own fields', () => {
    const graph = built({
      input: { type: 'object' },
      timeout: '2h',
      resume: {
        every: '1m',
        maxAttempts: 0,
        when: [{ secret: 'k' }, { expr: 'input.on' }, { http: '{{ input.url }}/h' }],
      },
      triggers: [{ name: 'deploy', apply: {} }],
      steps: [http('a')],
      output: { a: '{{ a.output }}' },
    });
    expect(graph.input).toStrictEqual({ type: 'object' });
    expect(graph.timeoutMs).toBe(7_200_000);
    expect(graph.resume).toStrictEqual({
      everyMs: 60_000,
      maxAttempts: 0,
      when: [{ secret: 'k' }, { expr: 'input.on' }, { http: '{{ input.url }}/h' }],
    });
    expect(graph.applyTrigger).toStrictEqual({ name: 'deploy', input: {} });
    expect(graph.output).toStrictEqual({ a: '{{ a.output }}' });
  });
});

describe('needs and branches → edges', () => {
  it.each<[string, readonly StepSpec[], string]>([
    ['a list is a chain', [http('a'), http('b'), http('c')], 'a<- b<-a c<-b'],
    ['no needs starts at once', [http('a'), http('b', { needs: [] })], 'a<- b<-'],
    [
      'needs join, each once',
      [http('a'), http('b', { needs: [] }), http('c', { needs: ['a', 'b', 'a'] })],
      'a<- b<- c<-a,b',
    ],
    [
      'needs may point forward',
      [http('a', { needs: ['b'] }), http('b', { needs: [] })],
      'a<-b b<-',
    ],
    [
      'targets need their branches, and what follows the step before it',
      [conditional('a', { true_edge: 'b', false_edge: 'c' }), http('b'), http('c'), http('d')],
      'a<- b<-a:true c<-a:false d<-c',
    ],
    [
      'a target with needs gets its guard added',
      [http('x'), conditional('a', { true_edge: 'b' }), http('b', { needs: ['x'] })],
      'x<- a<-x b<-x,a:true',
    ],
    [
      'a need of the branching step gets the guard',
      [http('x'), conditional('a', { true_edge: 'b' }), http('b', { needs: ['a', 'x'] })],
      'x<- a<-x b<-x,a:true',
    ],
    [
      'both branches may lead to one step',
      [conditional('a', { true_edge: 'b', false_edge: 'b' }), http('b')],
      'a<- b<-a:true,a:false',
    ],
    [
      'two steps may branch to one',
      [
        conditional('a', { true_edge: 'c' }),
        conditional('b', { false_edge: 'c' }, { needs: [] }),
        http('c', { join: 'any' }),
      ],
      'a<- b<- c<-a:true,b:false',
    ],
    [
      'cases and default of a switch',
      [
        {
          id: 's',
          type: 'switch',
          config: { value: '{{ input.k }}', cases: { x: 'a', 'y z': 'b' }, default: 'c' },
        },
        http('a'),
        http('b'),
        http('c'),
      ],
      's<- a<-s:x b<-s:y z c<-s:default',
    ],
    ['a conditional may lead nowhere', [conditional('a', {}), http('b')], 'a<- b<-a'],
    [
      'a bare boolean is a condition',
      [{ id: 'a', type: 'conditional', config: { condition: true, true_edge: 'b' } }, http('b')],
      'a<- b<-a:true',
    ],
  ])('%s', (_, steps, expected) => {
    expect(edges(built({ steps }))).toBe(expected);
  });
});

describe('phases → gates', () => {
  const spec: WorkflowSpec = {
    phases: [
      {
        name: 'fetch',
        title: 'Fetch',
        steps: [conditional('a', { true_edge: 'c', false_edge: 'b' }), http('b')],
      },
      {
        name: 'process',
        steps: [http('c', { config: { u: '{{ a.output }}{{ b.output }}' } }), http('d')],
      },
      { name: 'audit', needs: ['fetch'], steps: [http('e', { needs: ['b'] })] },
      { name: 'free', needs: [], steps: [http('f')] },
    ],
    onFailure: [
      http('g', { config: { t: '{{ d.output }}{{ run.error }}' } }),
      http('h', { config: { t: '{{ g.output }}' } }),
    ],
    finally: [http('i', { when: 'a.status == "completed" && g.status != ""' })],
  };

  it('a phase needs the one before it, unless it says otherwise', () => {
    expect(built(spec).phases).toStrictEqual([
      { name: 'fetch', title: 'Fetch', needs: [] },
      { name: 'process', title: 'process', needs: [0] },
      { name: 'audit', title: 'audit', needs: [0] },
      { name: 'free', title: 'free', needs: [] },
    ]);
  });

  it('edges may come from earlier phases; sections are lists of their own', () => {
    const graph = built(spec);
    expect(edges(graph)).toBe('a<- b<-a:false c<-a:true d<-c e<-b f<- g<- h<-g i<-');
    expect(graph.steps.map(({ section, phase }) => `${section}:${phase ?? '-'}`)).toStrictEqual([
      'main:0',
      'main:0',
      'main:1',
      'main:1',
      'main:2',
      'main:3',
      'onFailure:-',
      'onFailure:-',
      'finally:-',
    ]);
  });
});

describe('files → referred to by path', () => {
  const files = { 'a.py': 'aa', 'lib/b.py': 'bb', unused: 'cc' };

  it('as they are named, with their digests', () => {
    const config = {
      file: './a.py',
      files: ['lib/b.py', { $file: 'a.py' }, '{{ input.file }}'],
      code: '{{ not a template',
    };
    const graph = built({ steps: [{ id: 'a', type: 'code', config }] }, files);
    expect(graph.steps[0]?.config).toStrictEqual({
      file: { $file: 'a.py' },
      files: [{ $file: 'lib/b.py' }, { $file: 'a.py' }, '{{ input.file }}'],
      code: '{{ not a template',
    });
    expect(graph.steps[0]?.verbatimKeys).toStrictEqual(['code']);
    expect(graph.files).toStrictEqual({ 'a.py': 'aa', 'lib/b.py': 'bb' });
  });
});

describe('expressions → may read what is certain to be upstream', () => {
  it('over needs, joins and gates, in all places', () => {
    built({
      steps: [
        http('a'),
        http('my-b', { needs: ['a'], config: { x: '{{ a.output }}', k: '{{ secrets.k }}' } }),
        http('c', { needs: ['a'] }),
        http('d', {
          needs: ['my-b', 'c'],
          when: '{{ a.output.ok }} && c.output.n > 1',
          forEach: '{{ steps["my-b"].output.items }}',
          config: { x: '{{ item }} of {{ index }} {{ a.output }}' },
        }),
        { id: 'w', type: 'wait', config: { duration: '5m' } },
        { id: 'v', type: 'wait', config: { duration: '{{ d.output }}' } },
        {
          id: 'k',
          type: 'workflow',
          config: { workflow: 'w-{{ a.output }}', input: { x: '{{ d.output }}' } },
        },
      ],
      output: { all: ['{{ a.output }}', '{{ k.output }}'] },
    });
  });
});

describe('a large graph', () => {
  it('ten thousand steps → built in seconds, not minutes', () => {
    const steps = Array.from({ length: 10_000 }, (_, index) =>
      http(`s${index}`, {
        config: { url: index > 0 ? `{{ s${index - 1}.output }}{{ s0.output }}` : 'x' },
      }),
    );
    const start = performance.now();
    expect(built({ steps }).steps).toHaveLength(10_000);
    expect(performance.now() - start).toBeLessThan(5000);
  });
});
