import { describe, expect, test } from 'vitest';
import { customerSupport } from '../api/seed-documents.ts';
import { read, readOne, readWorkflows } from './read-one.ts';

describe('the graph seed', () => {
  test('the printed workflow is accepted; its branches to nowhere are warnings', () => {
    const workflow = readOne({ 'support.json': customerSupport });
    expect(workflow).toMatchObject({
      name: 'customer-support-workflow',
      title: 'Customer Support Workflow',
      description: 'Automated customer support workflow',
    });
    expect(
      workflow.graph.steps.map(({ id, needs }) => [id, needs.map(({ from }) => from)]),
    ).toEqual([
      ['start', []],
      ['classify', [0]],
      ['route', [1]],
    ]);
    const warnings = read({ 'support.json': customerSupport }).problems;
    expect(
      warnings.map(({ line, column, code, severity }) => [line, column, code, severity]),
    ).toEqual([
      [23, 22, 'dangling-branch', 'warning'],
      [24, 23, 'dangling-branch', 'warning'],
    ]);
  });

  test('with the missing nodes, the branches lead to them', () => {
    const nodes = [
      ...customerSupport.nodes,
      { id: 'technical_support', type: 'end' },
      { id: 'general_support', type: 'end' },
    ];
    const { graph } = readOne({ 'support.json': { ...customerSupport, nodes } });
    expect(graph.steps.slice(3).map(({ needs }) => needs)).toEqual([
      [{ from: 2, branch: 'true' }],
      [{ from: 2, branch: 'false' }],
    ]);
  });

  test.each([
    {
      id: 'llm_node',
      type: 'llm',
      config: { model: 'gpt-4', prompt: '{{input.prompt}}', temperature: 0.7, max_tokens: 1000 },
    },
    {
      id: 'http_node',
      type: 'http',
      config: {
        method: 'POST',
        url: 'https://api.example.com/endpoint',
        headers: { Authorization: 'Bearer {{secrets.api_key}}' },
        body: { data: '{{input.data}}' },
      },
    },
    {
      id: 'code_node',
      type: 'code',
      config: {
        language: 'python',
        code: '\ndef process(input_data):\n    result = input_data * 2\n    return {"output": result}\n        ',
        input_mapping: { input_data: '{{input.value}}' },
      },
    },
    {
      id: 'conditional_node',
      type: 'conditional',
      config: {
        condition: '{{input.value}} > 10',
        true_edge: 'success_path',
        false_edge: 'failure_path',
      },
    },
  ])('the printed $id is accepted', (node) => {
    const { graph } = readOne({ 'a.json': { name: 'x', nodes: [node], edges: [] } });
    expect(graph.steps).toMatchObject([{ id: node.id, type: node.type }]);
  });
});

describe('the step-list seed', () => {
  const config = {
    id: 'my-workflow',
    name: 'My Workflow',
    description: '...',
    steps: [
      { name: 'upload', type: 'input' },
      { name: 'process', type: 'generation' },
    ],
  };
  const printed = `from workflows.base_workflow import BaseWorkflow

class MyWorkflowWorkflow(BaseWorkflow):
    async def step_upload(self, input_file, step_config):
        # Your upload logic
        return {"url": "..."}
    
    async def step_process(self, input_data, step_config):
        # Your processing logic
        return {"result": "..."}
`;

  test('the printed folder is accepted: its class is called step by step', () => {
    const workflow = readOne({
      'my_workflow/config.json': config,
      'my_workflow/workflow.py': printed,
    });
    expect(workflow).toMatchObject({ name: 'my-workflow', title: 'My Workflow' });
    expect(Object.keys(workflow.graph.files)).toEqual(['workflow.py']);
    expect(workflow.graph.steps).toMatchObject([
      { id: 'upload', type: 'code', config: { input: { input: '{{ input }}' } } },
      { id: 'process', type: 'code', config: { input: { input: '{{ upload.output }}' } } },
    ]);
    expect(workflow.annotations).toEqual({
      'behest.dev/step-type.upload': 'input',
      'behest.dev/step-type.process': 'generation',
    });
  });

  test('functions in place of the class are called by the names of their parameters', () => {
    const functions =
      'def step_upload(file):\n    return 1\n\nasync def step_process(data, step_config=None):\n    return 2\n';
    const { graph } = readOne({ 'w/config.json': config, 'w/workflow.py': functions });
    expect(graph.steps.map((step) => step.config)).toEqual([
      {
        language: 'python',
        file: { $file: 'workflow.py' },
        function: 'step_upload',
        input: '{{ input }}',
      },
      {
        language: 'python',
        file: { $file: 'workflow.py' },
        function: 'step_process',
        input_mapping: { data: '{{ upload.output }}', step_config: config.steps[1] },
      },
    ]);
  });
});

describe('the job-template seed', () => {
  const printed = {
    IMPORT_ASSETS: {
      jobs: [
        { name: 'Fetch External', function: 'import_assets.fetch' },
        { name: 'Process Data', function: 'import_assets.process' },
        { name: 'Validate', function: 'import_assets.validate' },
        { name: 'Save to DB', function: 'import_assets.save' },
      ],
    },
    RULE_EXECUTION: {
      jobs: [
        { name: 'Load Rules', function: 'rules.load' },
        { name: 'Execute', function: 'rules.execute' },
        { name: 'Apply Results', function: 'rules.apply' },
      ],
    },
    EXPORT_PACKAGE: {
      jobs: [
        { name: 'Gather Data', function: 'export.gather' },
        { name: 'Generate Excel', function: 'export.excel' },
        { name: 'Generate PDF', function: 'export.pdf' },
      ],
    },
  };
  const define = (...names: readonly string[]) =>
    names.map((name) => `def ${name}(x):\n    return x\n`).join('\n');

  test('the printed templates are three workflows, each job a phase', () => {
    const workflows = readWorkflows({
      'templates.json': printed,
      'import_assets.py': define('fetch', 'process', 'validate', 'save'),
      'rules.py': define('load', 'execute', 'apply'),
      'export.js': 'function gather() {}\nfunction excel() {}\nfunction pdf() {}',
    });
    expect(
      workflows.map(({ name, graph }) => [name, graph.phases.map(({ title }) => title)]),
    ).toEqual([
      ['import-assets', ['Fetch External', 'Process Data', 'Validate', 'Save to DB']],
      ['rule-execution', ['Load Rules', 'Execute', 'Apply Results']],
      ['export-package', ['Gather Data', 'Generate Excel', 'Generate PDF']],
    ]);
    expect(workflows[0]?.graph.phases.map(({ needs }) => needs)).toEqual([[], [0], [1], [2]]);
  });

  test('functions without a file are told one by one, with the remedy', () => {
    const { problems } = read({
      'templates.json': { RULES: printed.RULE_EXECUTION },
      'rules.py': define('load', 'apply'),
    });
    expect(problems.map(({ line, column, code, hint }) => [line, column, code, hint])).toEqual([
      [10, 21, 'missing-function', 'Add "def execute(input):" to it.'],
    ]);
  });
});

test('the task-spec seed: tools, agents, retries and timeouts', () => {
  const { graph, title } = readOne({
    'tasks.json': {
      name: 'Sample',
      input: { topic: 'cats' },
      tasks: [
        {
          id: 'search',
          tool: 'http',
          config: { url: 'https://example.com/?q={{ input.topic }}' },
          retries: 2,
          timeout: 10,
        },
        {
          id: 'write',
          agent: 'writer',
          config: { prompt: '{{ search.output.body }}' },
          depends_on: ['search'],
        },
      ],
    },
  });
  expect(title).toBe('Sample');
  expect(graph.input).toEqual({ type: 'object', properties: { topic: { default: 'cats' } } });
  expect(graph.steps).toMatchObject([
    { id: 'search', type: 'http', retry: { maxAttempts: 3 }, timeoutMs: 10_000 },
    { id: 'write', name: 'writer', type: 'llm', needs: [{ from: 0 }] },
  ]);
});
