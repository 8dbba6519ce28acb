import { describe, expect, test } from 'vitest';
import { canonical, type Files, readOne } from './read-one.ts';

/** One workflow written every way: the same name, the same canonical text, the same digest. */
function checkSame(ways: { readonly [way: string]: Files }): void {
  const [first, ...others] = Object.entries(ways).map(([way, files]) => ({
    way,
    ...readOne(files),
  }));
  test.each(others)('$way is the same', (other) => {
    expect(other.canonicalText).toBe(first?.canonicalText);
    expect(other.digest).toBe(first?.digest);
    expect(other.name).toBe(first?.name);
  });
}

describe('a chain', () => {
  const fetch = { url: 'https://example.com/{{ input.id }}', method: 'GET' };
  const shape = { output: '{{ fetch.output.body }}' };
  const steps = [
    { id: 'fetch', type: 'http', config: fetch },
    { id: 'shape', type: 'transform', config: shape },
    { id: 'finish', type: 'end' },
  ];
  checkSame({
    'canonical steps': { 'a.json': canonical('a-chain', { title: 'A chain', steps }) },
    'canonical YAML': {
      'a.yaml': [
        'apiVersion: behest.dev/v1',
        'kind: Workflow',
        'metadata: { name: a-chain }',
        'spec:',
        '  steps:',
        '    - id: fetch',
        '      type: http',
        '      config:',
        '        method: GET',
        '        url: https://example.com/{{ input.id }}',
        '    - { id: shape, type: transform, config: { output: "{{ fetch.output.body }}" } }',
        '    - { id: finish, type: end, needs: [shape] }',
      ].join('\n'),
    },
    'canonical phases': {
      'a.json': canonical('a-chain', { phases: [{ name: 'main', title: 'main', steps }] }),
    },
    graph: {
      'a.json': {
        name: 'A chain',
        nodes: steps,
        edges: [
          { source: 'fetch', target: 'shape' },
          { source: 'shape', target: 'finish' },
        ],
      },
    },
    'step list': {
      'a/config.json': {
        id: 'a-chain',
        name: 'A chain',
        icon: '🔗',
        steps: steps.map(({ id, type, config }) => ({ name: id, type, ...(config && { config }) })),
      },
    },
    'task spec': {
      'a.json': {
        name: 'A chain',
        tasks: steps.map(({ id, type, config }, index) => ({
          id,
          tool: type,
          ...(config && { config }),
          ...(index > 0 && { depends_on: [steps[index - 1]?.id] }),
        })),
      },
    },
  });
});

describe('a decision', () => {
  const steps = [
    { id: 'begin', type: 'start' },
    { id: 'route', type: 'conditional', config: { condition: '{{input.value}} > 10' } },
    { id: 'big', type: 'transform', config: { output: 'big' } },
    { id: 'small', type: 'transform', config: { output: 'small' } },
    { id: 'finish', type: 'end' },
  ];
  const ways = { true_edge: 'big', false_edge: 'small' };
  const routed = steps.map((step) =>
    step.id === 'route' ? { ...step, config: { ...step.config, ...ways } } : step,
  );
  const both = { needs: ['big', 'small'], join: 'any' };
  const joined = (list: readonly { readonly id: string }[]) =>
    list.map((step) => (step.id === 'finish' ? { ...step, join: 'any' } : step));
  const edges = [
    { source: 'begin', target: 'route' },
    { source: 'big', target: 'finish' },
    { source: 'small', target: 'finish' },
  ];
  checkSame({
    'canonical steps': {
      'a.json': canonical('a-decision', {
        steps: routed.map((step) => (step.id === 'finish' ? { ...step, ...both } : step)),
      }),
    },
    'graph with branches that name nodes': {
      'a.json': { name: 'A decision', nodes: joined(routed), edges },
    },
    'graph with edges beside the branches': {
      'a.json': {
        name: 'A decision',
        nodes: joined(routed),
        edges: [
          ...edges,
          { source: 'route', target: 'big', label: 'true' },
          { source: 'route', target: 'small', sourceHandle: 'false' },
        ],
      },
    },
    'graph with branches that name edges': {
      'a.json': {
        name: 'A decision',
        nodes: joined(
          steps.map((step) =>
            step.id === 'route'
              ? { ...step, config: { ...step.config, true_edge: 'e1', false_edge: 'too small' } }
              : step,
          ),
        ),
        edges: [
          ...edges,
          { id: 'e1', source: 'route', target: 'big' },
          { id: 'e2', label: 'too small', source: 'route', target: 'small' },
        ],
      },
    },
    'graph with edges that name branches': {
      'a.json': {
        name: 'A decision',
        nodes: joined(steps),
        edges: [
          ...edges,
          { source: 'route', target: 'big', condition: true },
          { source: 'route', target: 'small', condition: 'false' },
        ],
      },
    },
  });
});

describe('retries and a fork', () => {
  const tasks = [
    { id: 'left', tool: 'transform', config: { output: 1 }, retries: 4 },
    { id: 'right', tool: 'wait', config: { duration: '1s' }, timeout: 90 },
    { id: 'write', agent: 'writer', config: { prompt: 'hi' }, depends_on: ['left', 'right'] },
  ];
  const steps = [
    { id: 'left', type: 'transform', config: { output: 1 }, needs: [], retry: { maxAttempts: 5 } },
    { id: 'right', type: 'wait', config: { duration: '1s' }, needs: [], timeout: '1m30s' },
    {
      id: 'write',
      name: 'writer',
      type: 'llm',
      config: { prompt: 'hi' },
      needs: ['left', 'right'],
    },
  ];
  checkSame({
    'canonical steps': { 'a.json': canonical('forked', { steps }) },
    'task spec': { 'a.json': { name: 'Forked', tasks } },
    graph: {
      'forked.json': {
        nodes: steps.map(({ id, type, config, name, retry, timeout }) => ({
          id,
          type,
          config,
          ...(name && { label: name }),
          ...(retry && { retry }),
          ...(timeout && { timeout }),
        })),
        edges: [
          { source: 'left', target: 'write' },
          { source: 'right', target: 'write' },
        ],
      },
    },
  });
});

describe('limits of a chain, and its output', () => {
  const steps = [
    { id: 'ask', type: 'http', config: { url: 'https://example.com' }, timeout: '2m' },
    { id: 'shape', type: 'transform', config: { output: 1 }, retry: { maxAttempts: 5 } },
  ];
  const output = { shaped: '{{ shape.output }}' };
  checkSame({
    'canonical steps': { 'a.json': canonical('limited', { steps, output }) },
    'step list': {
      'limited/config.json': {
        steps: steps.map(({ id, ...step }) => ({ name: id, ...step })),
        output,
      },
    },
  });
});

describe('functions in a file', () => {
  const python = 'def fetch(x):\n    return x\n\ndef save(x):\n    return x\n';
  const config = (name: string, input: string) => ({
    language: 'python',
    file: 'work.py',
    function: name,
    input,
  });
  const phases = [
    {
      name: 'fetch-it',
      title: 'Fetch it',
      steps: [{ id: 'fetch_it', type: 'code', config: config('fetch', '{{ input }}') }],
    },
    {
      name: 'save-it',
      title: 'Save it',
      steps: [{ id: 'save_it', type: 'code', config: config('save', '{{ fetch_it.output }}') }],
    },
  ];
  const jobs = [
    { name: 'Fetch it', function: 'work.fetch' },
    { name: 'Save it', function: 'work.save' },
  ];
  checkSame({
    'canonical phases': {
      'w/workflow.json': canonical('do-work', { phases }),
      'w/work.py': python,
    },
    'job template': { 'w/workflow.json': { name: 'Do work', jobs }, 'w/work.py': python },
    'job template named by its file': { 'w/do-work.json': { jobs }, 'w/work.py': python },
    'map of job templates': { 'w/templates.json': { DO_WORK: { jobs } }, 'w/work.py': python },
  });
});

describe('code beside a list of steps', () => {
  const files = {
    'l/upload.py': 'def process(input): return input',
    'l/image_edit.js': 'function process(x) { return x }',
  };
  const steps = [
    {
      id: 'upload',
      type: 'code',
      config: { language: 'python', file: 'upload.py', input: '{{ input }}' },
    },
    {
      id: 'image_edit',
      type: 'code',
      config: { language: 'javascript', file: 'image_edit.js', input: '{{ upload.output }}' },
    },
  ];
  const listed = [
    { name: 'upload', type: 'input' },
    { name: 'image_edit', type: 'generation' },
  ];
  checkSame({
    'canonical steps': { ...files, 'l/workflow.json': canonical('my-list', { steps }) },
    'step list': { ...files, 'l/config.json': { id: 'my-list', name: 'My list', steps: listed } },
    graph: {
      ...files,
      'l/workflow.json': {
        name: 'My list',
        nodes: steps,
        edges: [{ source: 'upload', target: 'image_edit' }],
      },
    },
    'task spec': {
      ...files,
      'l/workflow.json': {
        name: 'My list',
        tasks: steps.map(({ id, type, config }, index) => ({
          id,
          tool: type,
          config,
          depends_on: index > 0 ? ['upload'] : [],
        })),
      },
    },
  });
});
