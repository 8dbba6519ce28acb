import { globSync, readFileSync, statSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { customerSupport, taskSpec } from '../../api/seed-documents.ts';

/** A good source: its files, and the one that is spoilt. */
export interface Sample {
  readonly name: string;
  readonly main: string;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

const root = join(import.meta.dirname, '../../..');

/** What examples of the documentation and of the seeds refer to. */
const beside: ReadonlyMap<string, Uint8Array> = new Map(
  Object.entries({
    'normalise.py': 'def process(input): return input',
    'upload.py': 'def process(input): return input',
    'image_edit.js': 'function process(input) { return input }',
    'import_assets.py':
      'def fetch(x): return x\ndef process(x): return x\ndef validate(x): return x',
    'workflow.py':
      'class A:\n    async def step_upload(self, file, step_config):\n        return 1\n',
  }).map(([path, text]) => [path, Buffer.from(text)]),
);

/**
 * Every example workflow, every block of YAML or JSON of the documentation, every dialect; with
 * `seeds`, also every block of the text files in that folder.
 */
export function corpus(seeds: string | null): readonly Sample[] {
  const pages = globSync('{README.md,docs/**/*.md}', { cwd: root }).map((page) => join(root, page));
  const texts = seeds === null ? [] : globSync('**/*.{txt,md}', { cwd: seeds });
  return [
    ...examples(),
    ...pages.toSorted().flatMap(blocksOf),
    ...texts.toSorted().flatMap((text) => blocksOf(join(seeds ?? '', text))),
    ...printed(),
  ];
}

/** Each workflow of `workflows.d`: a file, or a folder with all that is in it. */
function examples(): Sample[] {
  const folder = join(root, 'workflows.d');
  const paths = globSync('**/*', { cwd: folder }).filter((path) =>
    statSync(join(folder, path)).isFile(),
  );
  const files = new Map(
    paths.map((path) => [path, new Uint8Array(readFileSync(join(folder, path)))]),
  );
  return paths.toSorted().flatMap((main) => {
    if (!/(^[^/]*\.yaml|\/(workflow\.(yaml|json)|config\.json))$/.test(main)) return [];
    const inside = [...files].filter(
      ([path]) => dirname(path) === dirname(main) || path.startsWith(`${dirname(main)}/`),
    );
    return [{ name: main, main, files: new Map(inside) }];
  });
}

function blocksOf(page: string): Sample[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```(yaml|json)\n([\s\S]*?)^```$/gm);
  return [...blocks].map(([, language = '', text = ''], index) =>
    sample(`${relative(root, page)}#${index}`, { [`example.${language}`]: asManifest(text) }),
  );
}

/** The pages of the node types show steps alone. */
function asManifest(text: string): string {
  if (!text.startsWith('- ')) return text;
  const head =
    'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n  steps:\n';
  return `${head}${text.replaceAll(/^/gm, '    ')}`;
}

/** The dialects as the seeds print them. */
function printed(): Sample[] {
  const jobs = {
    IMPORT: {
      jobs: [
        { name: 'Fetch It', function: 'import_assets.fetch' },
        { name: 'Then', function: 'import_assets.process' },
      ],
    },
  };
  const steps = {
    id: 'my-workflow',
    name: 'W',
    description: '…',
    icon: '🎬',
    steps: [{ name: 'upload', type: 'input' }],
  };
  return [
    sample('graph', { 'a.json': JSON.stringify(customerSupport, null, 2) }),
    sample('task spec', { 'a.json': JSON.stringify(taskSpec, null, 2) }),
    sample('jobs', { 'a.json': JSON.stringify(jobs) }),
    sample('step list', {
      'w/config.json': JSON.stringify(steps, null, 1),
      'w/workflow.py': beside.get('workflow.py') ?? '',
    }),
    sample('everything', { 'a.yaml': everything }),
  ];
}

function sample(name: string, files: Readonly<Record<string, string | Uint8Array>>): Sample {
  const entries = Object.entries(files).map(
    ([path, content]) =>
      [path, typeof content === 'string' ? Buffer.from(content) : content] as const,
  );
  return { name, main: entries[0]?.[0] ?? '', files: new Map([...beside, ...entries]) };
}

/** Every field of the language in one workflow, and a run of it. */
const everything = `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: all, namespace: team, labels: { a: b }, annotations: { c/d: "e" } }
spec:
  title: All
  description: |
    Several
    lines
  input: { type: object, required: [n], properties: { n: { type: integer, default: 1 }, s: { type: string, pattern: "^a+$" }, l: { type: array, uniqueItems: true, items: { enum: [1, x] } } } }
  triggers: [{ name: t, apply: {}, input: { n: 2 } }]
  timeout: 1h30m
  resume: { every: 5m, maxAttempts: 3, when: [{ http: "{{ input.s }}" }, { secret: key }, { expr: "input.n > 1" }] }
  phases:
    - name: one
      title: One
      steps:
        - &first { id: get, name: Get, type: http, config: { url: "https://x/{{ input.s }}", headers: { a: "Bearer {{ secrets.key }}" }, method: POST, body: { a: [1, "{{ input.n * 2 }}"] } }, retry: { maxAttempts: 3, initialDelay: 1s, maxDelay: 1m, factor: 2, jitter: 0.1 }, timeout: 30s, onError: continue, queue: q }
        - { id: check, type: conditional, config: { condition: "{{ get.output.status }} == 200 && size(input.s) < 5", true_edge: fan, false_edge: stop } }
        - { id: fan, type: transform, forEach: "{{ range(3) }}", maxParallel: 2, when: "input.n >= 0", config: { output: { i: "{{ index }}", v: "{{ item }} of {{ input.n }}" } } }
        - { id: stop, type: end }
    - name: two
      needs: [one]
      steps:
        - { id: pick, type: switch, config: { value: "{{ input.s }}", cases: { a: left, b: right }, default: left } }
        - { id: left, type: wait, config: { duration: 5s } }
        - { id: right, type: code, config: { language: javascript, code: "function process(input) { return input }", input: { a: "{{ [1, 2].map(x, x * 2) }}" } } }
        - { id: join, type: transform, needs: [left, right], join: any, config: { output: "{{ has(left.output.a) ? left.output : {'k': [null, true, 1.5]} }}" } }
        - { id: ask, type: llm, config: { model: m, prompt: "{{ join.output }}" } }
        - { id: child, type: workflow, config: { workflow: other, input: { a: "{{ ask.output.text }}" } } }
  onFailure: [{ id: tell, type: transform, config: { output: "{{ run.id }}" } }]
  finally: [{ id: clean, type: transform, config: { output: done } }]
  output: { count: "{{ size(fan.output) }}" }
---
apiVersion: behest.dev/v1
kind: Run
metadata: { name: once, namespace: team }
spec: { workflow: all, input: { n: 3, s: aa }, onDelete: cancel }
`;
