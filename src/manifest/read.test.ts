import { describe, expect, test } from 'vitest';
import { nodeTypes } from '../nodes/registry.ts';
import { readDocument, readText } from './read-text.ts';
import { expectProblems, readFiles, sha256, withSteps } from './testing/check-text.ts';

const options = { nodeTypes, digest: sha256 };
const start = '- { id: a, type: start }';

function workflow(name: string, more = ''): string {
  return `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: ${name}${more} }\nspec: { steps: [{ id: a, type: start }] }\n`;
}

function run(name: string, workflowName: string, input = '{}'): string {
  return `apiVersion: behest.dev/v1\nkind: Run\nmetadata: { name: ${name} }\nspec: { workflow: ${workflowName}, input: ${input} }\n`;
}

function names(files: Parameters<typeof readFiles>[0]): readonly string[] {
  return readFiles(files).resources.map(({ kind, name, file }) => `${kind} ${name} ${file}`);
}

describe('which files are manifests', () => {
  test('YAML and JSON at any depth, and nothing else', () => {
    const files = {
      'a.yaml': workflow('a'),
      'x/b.yml': workflow('b'),
      'x/y/c.json': JSON.stringify(
        JSON.parse(
          '{"apiVersion":"behest.dev/v1","kind":"Workflow","metadata":{"name":"c"},"spec":{"steps":[{"id":"a","type":"start"}]}}',
        ),
      ),
      'README.md': '# hello',
      'x/data.csv': 'a,b',
    };
    expect(names(files)).toEqual([
      'Workflow a a.yaml',
      'Workflow b x/b.yml',
      'Workflow c x/y/c.json',
    ]);
  });

  test('a folder with a workflow file is one workflow, the rest is its material', () => {
    const files = {
      'w/workflow.yaml': workflow('w'),
      'w/data/rows.json': '[1]',
      'w/other.yaml': 'x: 1',
    };
    const { resources, problems } = readFiles(files);
    expect(problems).toEqual([]);
    expect(resources).toMatchObject([{ name: 'w', folder: 'w', file: 'w/workflow.yaml' }]);
  });

  test('a workflow folder inside another one is a workflow of its own', () => {
    expect(names({ 'w/workflow.yaml': workflow('w'), 'w/x/workflow.yml': workflow('x') })).toEqual([
      'Workflow w w/workflow.yaml',
      'Workflow x w/x/workflow.yml',
    ]);
  });

  test('a workflow.yaml at the root hides nothing', () => {
    expect(names({ 'workflow.yaml': workflow('w'), 'b.yaml': workflow('b') })).toHaveLength(2);
  });

  test('two workflow files in one folder are a problem', () => {
    const read = readFiles({ 'w/workflow.yaml': workflow('a'), 'w/workflow.json': '{}' });
    expect(read.problems.map(({ code }) => code)).toContain('ambiguous-folder');
  });

  test('a config.json without steps is no workflow folder', () => {
    const read = readFiles({ 'w/config.json': '{"port": 1}' });
    expectProblems(read.problems, [['1:2 not-a-manifest']]);
  });

  test('hidden folders count only where they speak of us', () => {
    const files = { '.github/workflows/ci.yaml': 'on: push', '.behest/a.yaml': workflow('a') };
    expect(readFiles(files).problems).toEqual([]);
    expect(names(files)).toEqual(['Workflow a .behest/a.yaml']);
  });
});

describe('documents of one file', () => {
  test('several documents are several objects', () => {
    expect(names({ 'a.yaml': `${workflow('a')}---\n${run('r', 'a')}---\n` })).toEqual([
      'Workflow a a.yaml',
      'Run r a.yaml',
    ]);
  });

  test('one bad document makes the whole file bad, and no other', () => {
    const read = readFiles({ 'a.yaml': `${workflow('a')}---\nfoo: 1\n`, 'b.yaml': workflow('b') });
    expect(read.badFiles).toEqual(new Set(['a.yaml']));
    expect(read.resources.map(({ name }) => name)).toEqual(['b']);
    expectProblems(read.problems, [['6:1 not-a-manifest']]);
  });

  test('two documents with one name are a problem at the second', () => {
    const read = readFiles({ 'a.yaml': workflow('a'), 'b.yaml': `# b\n${workflow('a')}` });
    expectProblems(read.problems, [['4:19 duplicate-name', 'a.yaml:3:19', 'another name']]);
    expect(read.badFiles).toEqual(new Set(['b.yaml']));
  });

  test('one name in two namespaces or for two kinds is no problem', () => {
    const files = {
      'a.yaml': workflow('a'),
      'b.yaml': workflow('a', ', namespace: b'),
      'c.yaml': run('a', 'a'),
    };
    expect(readFiles(files).problems).toEqual([]);
  });

  test('problems of several files are in order of file and line', () => {
    const read = readFiles({ 'b.yaml': 'a: .nan\nb: .nan', 'a.yaml': 'x: [' });
    expect(read.problems.map(({ file, line }) => `${file}:${line}`)).toEqual([
      'a.yaml:1',
      'b.yaml:1',
      'b.yaml:2',
    ]);
  });
});

describe('resources', () => {
  test('a workflow carries its files by digest, and another file makes another version', () => {
    const text = withSteps('- { id: a, type: code, config: { file: ./code/a.py } }');
    const [first] = readFiles({ 'w/workflow.yaml': text, 'w/code/a.py': 'one' }).resources;
    const [second] = readFiles({ 'w/workflow.yaml': text, 'w/code/a.py': 'two' }).resources;
    expect(first).toMatchObject({
      graph: {
        files: { 'code/a.py': sha256(new TextEncoder().encode('one')) },
        steps: [{ config: { file: { $file: 'code/a.py' } } }],
      },
    });
    expect(second?.digest).not.toBe(first?.digest);
  });

  test('labels and annotations are no part of the version', () => {
    const [plain] = readFiles({ 'a.yaml': workflow('a') }).resources;
    const [labelled] = readFiles({ 'a.yaml': workflow('a', ', labels: { x: y }') }).resources;
    expect(labelled?.labels).toEqual({ x: 'y' });
    expect(labelled?.digest).toBe(plain?.digest);
  });

  test('the order of fields and comments is no part of the version', () => {
    const [one] = readFiles({
      'a.yaml': withSteps('- { id: a, type: start, timeout: 1m } # x'),
    }).resources;
    const [two] = readFiles({
      'a.yaml': withSteps('- { timeout: 60s, type: start, id: a }'),
    }).resources;
    expect(one?.digest).toBe(two?.digest);
  });

  test('another input makes another run, another label does not', () => {
    const digestOf = (text: string) => readFiles({ 'a.yaml': text }).resources[0]?.digest;
    expect(digestOf(run('r', 'w', '{a: 1, b: 2}'))).toBe(digestOf(run('r', 'w', '{b: 2, a: 1}')));
    expect(digestOf(run('r', 'w', '{a: 1}'))).not.toBe(digestOf(run('r', 'w', '{a: 2}')));
  });

  test('a run is checked against the schema of its workflow in the same source', () => {
    const flow = `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n  input: { type: object, required: [url], properties: { url: { type: string } } }\n  steps:\n    ${start}\n`;
    const read = readFiles({ 'w.yaml': flow, 'r.yaml': run('r', 'w', '{ url: 3 }') });
    expectProblems(read.problems, [['4:36 wrong-type', 'number 3']]);
    expect(readFiles({ 'w.yaml': flow, 'r.yaml': run('r', 'w', '{ url: x }') }).problems).toEqual(
      [],
    );
  });

  test('what the schema has a default for need not be given', () => {
    const flow = `apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n  input: { required: [url], properties: { url: { default: x } } }\n  steps:\n    ${start}\n`;
    expect(readFiles({ 'w.yaml': flow, 'r.yaml': run('r', 'w') }).problems).toEqual([]);
  });

  test.each([
    ['no workflow', 'input: {}', '4:1 missing-field'],
    ['misspelt field', 'workflow: w, inputs: {}', '4:22 unknown-field'],
    ['unknown onDelete', 'workflow: w, onDelete: stop', '4:32 wrong-value'],
    ['workflow that is no name', 'workflow: My Flow', '4:19 wrong-form'],
  ])('a run with %s is refused', (_, spec, place) => {
    const text = `apiVersion: behest.dev/v1\nkind: Run\nmetadata: { name: r }\nspec: { ${spec} }\n`;
    expectProblems(readFiles({ 'a.yaml': text }).problems, [[place]]);
  });
});

describe('text without files', () => {
  test('the caller’s namespace and name are used', () => {
    const read = readText(workflow('a'), { ...options, defaultNamespace: 'team', name: 'other' });
    expect(read.resources).toMatchObject([{ namespace: 'team', name: 'other', file: 'body' }]);
  });

  test('a JSON body has places as it is printed', () => {
    const body = { name: 'x', nodes: [{ id: 'a', type: 'strat' }], edges: [] };
    expectProblems(readDocument(body, options).problems, [
      ['6:15 unknown-type', 'strat', '"start"'],
    ]);
  });

  test.each([undefined, null, 3, 'x', []])('%j is refused or empty, never thrown at', (body) => {
    const { resources } = readDocument(body, options);
    expect(resources).toEqual([]);
  });
});
