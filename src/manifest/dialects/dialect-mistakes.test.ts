import { describe, expect, test } from 'vitest';
import { checkAll, expectProblems, readFiles } from '../testing/check-text.ts';

describe('graph', () => {
  const node = '{ id: a, type: start }';
  checkAll([
    ['misspelt field', `nodes: [${node}]\nedge: []`, ['2:1 unknown-field', '"edge"', '"edges"']],
    ['no nodes at all', 'name: x\nnodes: []', ['2:1 out-of-range', 'at least one item']],
    ['node without a type', 'name: x\nnodes: [{ id: a }]', ['2:11 missing-field', '"type"']],
    [
      'misspelt field of a node',
      'name: x\nnodes: [{ id: a, type: start, conf: {} }]',
      ['2:31 unknown-field', '"conf"', 'Allowed here'],
    ],
    [
      'edge without an end',
      `name: x\nnodes: [${node}]\nedges: [{ source: a }]`,
      ['3:11 missing-field', '"target"'],
    ],
    [
      'edge from nowhere',
      `name: x\nnodes: [${node}]\nedges: [{ source: other, target: a }]`,
      ['3:19 unknown-node', '"other"', 'nodes are a'],
    ],
    [
      'edge to nowhere',
      'name: x\nnodes: [{ id: fetch, type: start }]\nedges: [{ source: fetch, target: fecth }]',
      ['3:34 unknown-node', '"fecth"', '"fetch"'],
    ],
    [
      'edge to itself',
      `name: x\nnodes: [${node}]\nedges: [{ source: a, target: a }]`,
      ['3:19 self-need', 'itself'],
    ],
    [
      'unknown type',
      'name: x\nnodes:\n  - id: a\n    type: htp',
      ['4:11 unknown-type', '"htp"', '"http"'],
    ],
    [
      'misspelt config',
      'name: x\nnodes:\n  - id: a\n    type: http\n    config: { urll: x }',
      ['5:15 unknown-field', '"urll"', '"url"'],
    ],
    [
      'two nodes with one id',
      `name: x\nnodes:\n  - ${node}\n  - ${node}`,
      ['4:11 duplicate-id', '"a"'],
    ],
    [
      'cycle',
      'name: x\nnodes: [{ id: a, type: start }, { id: b, type: end }]\nedges: [{ source: a, target: b }, { source: b, target: a }]',
      ['3:56 cycle', 'a'],
    ],
    [
      'expression',
      'name: x\nnodes:\n  - id: a\n    type: transform\n    config:\n      output: "x {{ zz }}"',
      ['6:21 unknown-name', 'zz'],
    ],
    [
      'branch with two targets',
      'name: x\nnodes: [{ id: a, type: conditional, config: { condition: "true" } }, { id: b, type: end }, { id: c, type: end }]\nedges:\n  - { source: a, target: b, label: "true" }\n  - { source: a, target: c, label: "true" }',
      ['5:7 ambiguous-branch', '"true"', 'transform'],
    ],
    [
      'condition on one of two edges',
      'name: x\nnodes: [{ id: a, type: start }, { id: b, type: start }, { id: c, type: end }]\nedges:\n  - { source: a, target: c, condition: "input.x" }\n  - { source: b, target: c }',
      ['4:40 condition-on-join', 'several edges', 'when'],
    ],
    [
      'name that makes no id',
      'name: "!!!"\nnodes: [{ id: a, type: start }]',
      ['1:7 wrong-form', 'lower-case'],
    ],
  ]);

  test('a dangling case of a switch is dropped with a warning', () => {
    const text =
      'name: x\nnodes:\n  - id: a\n    type: switch\n    config: { value: "{{ input.x }}", cases: { one: b, two: zz } }\n  - { id: b, type: end }';
    const { problems, resources } = readFiles({ 'a.yaml': text });
    expectProblems(problems, [['5:61 dangling-branch', '"zz"']]);
    expect(problems[0]?.severity).toBe('warning');
    expect(resources).toHaveLength(1);
  });

  test('a condition on the only edge guards its target', () => {
    const text =
      'name: x\nnodes: [{ id: a, type: start }, { id: b, type: end }]\nedges: [{ source: a, target: b, condition: "input.x == 1" }]';
    expect(readFiles({ 'a.yaml': text }).resources).toMatchObject([
      { graph: { steps: [{}, { when: 'input.x == 1' }] } },
    ]);
  });
});

describe('step list', () => {
  checkAll([
    ['step without a name', 'id: x\nsteps: [{ type: http }]', ['2:11 missing-field', '"name"']],
    [
      'misspelt field',
      'id: x\nstep: 1\nsteps: [{ name: a, type: end }]',
      ['2:1 unknown-field', '"step"', '"steps"'],
    ],
    [
      'step without code',
      'id: x\nsteps: [{ name: image-edit, type: generation }]',
      ['2:17 missing-file', '"image-edit"', 'image_edit.py'],
    ],
    [
      'unknown type with a config',
      'id: x\nsteps: [{ name: a, type: htp, config: {} }]',
      ['2:26 unknown-type', '"htp"'],
    ],
    [
      'misspelt config',
      'id: x\nsteps:\n  - name: a\n    type: http\n    config: { urll: x }',
      ['5:15 unknown-field', '"urll"', '"url"'],
    ],
    [
      'name that cannot be an id',
      'id: x\nsteps: [{ name: my step, type: start }]',
      ['2:17 wrong-form', '"my step"'],
    ],
    [
      'two steps of one name',
      'id: x\nsteps: [{ name: a, type: start }, { name: a, type: end }]',
      ['2:43 duplicate-id', '"a"'],
    ],
  ]);

  test('workflow.py without the step’s function is told at the step', () => {
    const config = '{"id": "x", "steps": [\n{"name": "upload", "type": "input"}]}';
    const { problems } = readFiles({
      'w/config.json': config,
      'w/workflow.py': 'def step_uplaod(x): pass',
    });
    expectProblems(problems, [['2:10 missing-function', 'step_upload', 'upload.py']]);
  });

  test('a broken config.json of a step list is told, not passed over', () => {
    const { badFiles } = readFiles({ 'w/config.json': '{"id": "x", "steps": [{"name": "a",}]}' });
    expect(badFiles).toEqual(new Set(['w/config.json']));
  });
});

describe('job template', () => {
  checkAll([
    ['job without a function', 'jobs: [{ name: a }]', ['1:10 missing-field', '"function"']],
    [
      'function without a file',
      'jobs: [{ name: a, function: fetch }]',
      ['1:29 wrong-form', '"fetch"', 'file.function'],
    ],
    [
      'file that is not there',
      'jobs: [{ name: a, function: m.fetch }]',
      ['1:29 missing-file', '"m.py"', 'fetch(input)'],
    ],
    [
      'two jobs of one name',
      'jobs:\n  - { name: a, function: m.x }\n  - { name: a, function: m.y }',
      ['2:26 missing-file'],
      ['3:13 duplicate-phase', '"a"'],
      ['3:13 duplicate-id'],
      ['3:26 missing-file'],
    ],
    [
      'misspelt field in a map of templates',
      'ONE:\n  jobs: [{ name: a, function: m.x, retry: 1 }]',
      ['2:36 unknown-field', '"retry"'],
    ],
  ]);
});

describe('task spec', () => {
  checkAll([
    ['neither tool nor agent', 'tasks: [{ id: a }]', ['1:11 missing-field', '"tool" or "agent"']],
    [
      'both',
      'tasks: [{ id: a, tool: http, agent: b }]',
      ['1:11 conflicting-fields', '"tool", "agent"'],
    ],
    [
      'unknown tool',
      'name: x\ntasks: [{ id: a, tool: htp }]',
      ['2:24 unknown-type', '"htp"', '"http"'],
    ],
    [
      'dependency that is not there',
      'name: x\ntasks: [{ id: a, tool: start, depends_on: [b] }]',
      ['2:44 unknown-need', '"b"'],
    ],
    [
      'dependencies as text',
      'tasks: [{ id: a, tool: start, depends_on: b }]',
      ['1:43 wrong-type', 'a list', '[b]'],
    ],
    [
      'retries below zero',
      'tasks: [{ id: a, tool: start, retries: -1 }]',
      ['1:40 out-of-range', 'at least 0'],
    ],
    [
      'timeout in words',
      'tasks: [{ id: a, tool: start, timeout: 30s }]',
      ['1:40 wrong-type', 'a number', 'Seconds'],
    ],
    [
      'tool config',
      'name: x\ntasks: [{ id: a, tool: http, config: { method: GET } }]',
      ['2:30 missing-field', '"url"'],
    ],
    [
      'dependency of the wrong spelling',
      'tasks: [{ id: a, tool: start, dependsOn: [] }]',
      ['1:31 unknown-field', '"dependsOn"', '"depends_on"'],
    ],
  ]);
});
