import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readFiles } from '../../src/manifest/testing/check-text.ts';
import { startApiRig, TOKEN, type ApiRig } from '../api/api-rig.ts';

const page = readFileSync(join(import.meta.dirname, '../../docs/operations/limits.md'), 'utf8');
const rows = [...page.matchAll(/^\| (?!What|-)(.*?) +\|/gm)].map(([, what = '']) => what.trim());

/** A limit in text: exactly at it, and one above. */
type Text = readonly [row: string, limit: number, text: (count: number) => string, above: RegExp];

const HEAD = 'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n';
const END = '  steps: [{ id: a, type: end }]\n';
const list = (count: number, item: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => item(index)).join(', ');
const lines = (count: number, line: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => `${line(index)}\n`).join('');
const output = (text: string): string =>
  `${HEAD}  steps: [{ id: a, type: transform, config: { output: ${text} } }]\n`;
const schema = (text: string): string => `${HEAD}${END}  input: ${text}\n`;
const padded = (text: string, length: number): string =>
  `${text}#${'x'.repeat(length - text.length - 1)}`;
const deep = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const texts: readonly Text[] = [
  [
    'Manifest file of a source',
    1_048_576,
    (n) => padded(HEAD + END, n),
    /1048577 bytes; a manifest may have 1048576/,
  ],
  // The document, spec, steps, the step, its config and the first list are five of them.
  ['Nesting of a manifest', 64, (n) => output(deep(n - 4)), /deeper than 64 levels/],
  [
    'Open brackets in its text',
    2000,
    (n) => `${HEAD}${END}#${'['.repeat(n)}\n`,
    /more than 2000 open brackets/,
  ],
  [
    'Lines of its text',
    200_000,
    (n) => `${HEAD}${END}${'\n'.repeat(n - 5)}`,
    /more than 200000 lines/,
  ],
  [
    'Documents of a file',
    1000,
    (n) => `${HEAD}${END}${'---\n'.repeat(n)}`,
    /more than 1000 documents/,
  ],
  [
    'Anchors, aliases, tags and directives of a file',
    2000,
    (n) => `${HEAD}${END}  input: { enum: [${list(n, (i) => `&a${i} ${i}`)}] }\n`,
    /more than 2000 anchors/,
  ],
  [
    'Keys and values in its text',
    150_000,
    (n) => `${'a: 1\n'.repeat(Math.floor(n / 2))}${n % 2 === 1 ? 'b:\n' : ''}`,
    /more than 150000 keys and values/,
  ],
  [
    'YAML aliases in a document',
    200,
    (n) => `${HEAD}${END}  input: { const: [&a 1, ${list(n, () => '*a')}] }\n`,
    /more than 200 aliases/,
  ],
  [
    'Its characters, aliases written out',
    1_048_576,
    // Each of the two is half of it, but for the other keys and texts of the document.
    (n) => {
      const rest = 'apiVersionbehest.dev/v1kindWorkflowmetadatanamewspecstepsidatypeendinputenum';
      const text = 'x'.repeat(Math.floor((n - rest.length) / 2));
      const odd = 'y'.repeat((n - rest.length) % 2);
      return schema(`{ enum: [&a ${text}, *a, "${odd}"] }`);
    },
    /more than 1048576 characters/,
  ],
  [
    'Problems told of one file',
    100,
    (n) => `${HEAD}${lines(n, (i) => `  wrong${i}: 1`)}${END}`,
    /more problems than the 100/,
  ],
  [
    'Steps of a workflow',
    10_000,
    (n) => `${HEAD}  steps:\n${lines(n, (i) => `    - { id: a${i}, type: end }`)}`,
    /10001 steps; at most 10000/,
  ],
  [
    'Phases of a workflow',
    1000,
    (n) =>
      `${HEAD}  phases:\n${lines(n, (i) => `    - { name: p${i}, steps: [{ id: a${i}, type: end }] }`)}`,
    /1001 phases; at most 1000/,
  ],
  [
    'Id of a step, characters',
    63,
    (n) => `${HEAD}  steps: [{ id: ${'a'.repeat(n)}, type: end }]\n`,
    /Do not begin with "-"; 63 characters/,
  ],
  ['Duration', 3660, (n) => `${HEAD}${END}  timeout: ${n}d\n`, /3660d|duration/],
  [
    'Labels of a manifest',
    64,
    (n) => `${HEAD.replace('name: w', `name: w, labels: { ${list(n, (i) => `l${i}: x`)} }`)}${END}`,
    /at most 64 fields/,
  ],
  [
    'Label of a manifest, characters',
    253,
    (n) => `${HEAD.replace('name: w', `name: w, labels: { a: ${'x'.repeat(n)} }`)}${END}`,
    /at most 253 characters/,
  ],
  [
    'Title, characters',
    500,
    (n) => `${HEAD}  title: ${'x'.repeat(n)}\n${END}`,
    /at most 500 characters/,
  ],
  [
    'Description, characters',
    20_000,
    (n) => `${HEAD}  description: ${'x'.repeat(n)}\n${END}`,
    /at most 20000 characters/,
  ],
  [
    'References in an input schema',
    500,
    (n) =>
      schema(
        `{ $defs: { a: {} }, properties: { ${list(n, (i) => `p${i}: { $ref: '#/$defs/a' }`)} } }`,
      ),
    /more than 500 references/,
  ],
  [
    'Pattern in an input schema, characters',
    1000,
    (n) => schema(`{ pattern: ${'a'.repeat(n)} }`),
    /1001 characters; at most 1000/,
  ],
  ['Expression, characters', 8192, (n) => output(`"{{'${'x'.repeat(n - 2)}'}}"`), /8192/],
  [
    'Nesting of an expression',
    60,
    (n) => output(`"{{ ${'('.repeat(n - 1)}1${')'.repeat(n - 1)} }}"`),
    /more than 60 levels/,
  ],
  [
    'Regular expression, characters',
    1000,
    (n) => output(`"{{ 'x'.matches('${'a'.repeat(n)}') }}"`),
    /1001 characters.*1000/,
  ],
  [
    'Syntax nodes of an expression',
    2000,
    (n) => output(`"{{ [${list(n - 4, () => '1')}].size() > 0 }}"`),
    /2000/,
  ],
];

describe('a manifest at the limit stands, one above is told so', () => {
  test.each(texts)('%s: %i', (_, limit, text, above) => {
    const at = readFiles({ 'a.yaml': text(limit) });
    const isTold = (each: { message: string; hint: string }): boolean =>
      above.test(`${each.message} ${each.hint}`);
    expect(at.problems.filter(isTold)).toEqual([]);
    const over = readFiles({ 'a.yaml': text(limit + 1) });
    const told = over.problems.filter(isTold);
    expect(told.map(({ file, hint }) => [file, hint !== ''])).toEqual([['a.yaml', true]]);
    expect(over.resources).toEqual([]);
  });
});

/** A limit over REST: what answers a request exactly at it, and one above. */
type Request = readonly [
  row: string,
  limit: number,
  send: (count: number) => Promise<Response>,
  above: number,
];

describe('a request at the limit is read, one above is told so', () => {
  let api: ApiRig;
  beforeAll(async () => {
    api = await startApiRig();
    await api.rig.register('nap', [{ id: 'nap', type: 'wait', config: { duration: '1h' } }]);
  });
  afterAll(() => api?.stop());

  const sign = { authorization: `Bearer ${TOKEN}` };
  const get = (path: string, headers = {}): Promise<Response> =>
    fetch(`${api.server.url}${path}`, { headers: { ...sign, ...headers } });
  const post = (
    path: string,
    body: string | FormData | URLSearchParams,
    type?: string,
  ): Promise<Response> =>
    fetch(`${api.server.url}${path}`, {
      method: 'POST',
      body,
      headers: { ...sign, ...(type === undefined ? {} : { 'content-type': type }) },
    });
  const execute = (body: object | string): Promise<Response> =>
    post(
      '/workflows/execute',
      typeof body === 'string' ? body : JSON.stringify({ workflow_id: 'nap', ...body }),
      'application/json',
    );
  const form = (count: number, value: () => string | Blob): Promise<Response> => {
    const body = new FormData();
    for (let i = 0; i < count; i += 1)
      body.append(i === 0 && typeof value() === 'string' ? 'workflow_id' : `f${i}`, value());
    return post('/workflows/execute', body);
  };
  const pairs = (count: number): object =>
    Object.fromEntries(Array.from({ length: count }, (_, i) => [`l${i}`, 'x']));

  const requests: readonly Request[] = [
    ['Request body (`BEHEST_BODY_LIMIT`)', 4_194_304, (n) => execute('{}'.padEnd(n)), 413],
    [
      'Nesting of a JSON body or form field',
      64,
      (n) => execute(`{"workflow_id":"nap","input":${deep(n - 1)}}`),
      400,
    ],
    ['Fields of a form', 1000, (n) => form(n, () => 'nap'), 413],
    ['Files of a form', 100, (n) => form(n, () => new Blob(['x'])), 413],
    [
      'Address with its query, characters',
      8192,
      (n) => get(`/api/v1/jobs?page_size=1&namespace=`.padEnd(n, 'x')),
      414,
    ],
    ['Items of one page', 1000, (n) => get(`/api/v1/jobs?page_size=${n}`), 400],
    ['Idempotency key, characters', 255, (n) => execute({ idempotency_key: 'k'.repeat(n) }), 400],
    ['Labels of a run', 64, (n) => execute({ labels: pairs(n) }), 400],
    ['Label of a run, characters', 253, (n) => execute({ labels: { a: 'x'.repeat(n) } }), 400],
    [
      'Label selector, characters',
      1024,
      (n) => get(`/api/v1/jobs?label_selector=${'a'.repeat(n)}`),
      400,
    ],
  ];

  test.each(requests)('%s: %i', async (_, limit, send, above) => {
    const at = await send(limit);
    const said = await at.text();
    const over = await send(limit + 1);
    const problem = JSON.parse(await over.text()) as { detail: string; code: string };
    expect([over.status, problem.detail.length > 10]).toEqual([above, true]);
    expect(problem.detail).toMatch(/\d/);
    // What the other side says is no matter, as long as it is not this.
    if (at.status === above) expect(said).not.toContain(problem.detail);
  });

  test('the rows of the page are those of the tables, or are proved where it says', () => {
    const here = [...texts, ...requests].map(([row]) => row);
    expect(rows.filter((row) => !here.includes(row) && !(row in elsewhere)).toSorted()).toEqual([]);
    const root = join(import.meta.dirname, '../..');
    expect(Object.values(elsewhere).filter((file) => !existsSync(join(root, file)))).toEqual([]);
    expect([...here, ...Object.keys(elsewhere)].filter((row) => !rows.includes(row))).toEqual([]);
  });
});

const STEPS = 'test/fuzz/limits-of-steps.test.ts';
const GROWTH = 'test/fuzz/limits-of-growth.test.ts';
/** Rows whose refusal another test shows, by its file. */
const elsewhere: Readonly<Record<string, string>> = {
  'Upload, all its bytes together (`BEHEST_UPLOAD_LIMIT`)': 'test/api/refusals.test.ts',
  'Compressed bodies over REST': 'test/fuzz/wire.test.ts',
  'Headers of one request': 'test/fuzz/wire.test.ts',
  'Calls at once on one connection of HTTP/2': 'test/fuzz/unread.test.ts',
  'Time for a whole request to arrive': 'test/fuzz/unread.test.ts',
  'Watches open at one server': GROWTH,
  'Requests of a run that no controller has read yet': GROWTH,
  'Values in a document, aliases written out': 'src/manifest/parse.test.ts',
  'Files of a source': 'test/source/directory-source.test.ts',
  'One file of a source': 'test/source/directory-source.test.ts',
  'All files of a source': 'test/source/directory-source.test.ts',
  'Config of a step, characters of JSON': 'src/graph/build-shape-problems.test.ts',
  'Items of a `forEach`': 'test/api/limits.test.ts',
  'Items of a `forEach` at once (default)': STEPS,
  'Workflows within workflows': STEPS,
  'Versions of a workflow without a run': GROWTH,
  'References followed to check an input': 'src/manifest/schema/data-check.test.ts',
  'Mistakes told of one input': 'src/manifest/schema/data-check.test.ts',
  'Data in one answer or event': 'test/api/large-answers.test.ts',
  'List of a fan-out, answered by GetOutput': 'test/api/large-answers.test.ts',
  'Details of a gRPC error, before base64': 'test/api/protocols.test.ts',
  'Cost of an evaluation': 'test/api/limits.test.ts',
  'Text made by one operation, characters': STEPS,
  'Depth of a value it compares or converts': STEPS,
  'Output of a step, as JSON': 'test/api/limits.test.ts',
  'Nesting of an output': STEPS,
  'Task or checkpoint on its way': STEPS,
  'Log line, characters': STEPS,
  'Lines of an attempt, with progress, stats': STEPS,
  'Stored artifact': STEPS,
  '`http`: redirects': 'src/nodes/http/http.test.ts',
  '`http`: `response.maxBytes`, at most': STEPS,
  '`code`: result, characters of JSON': 'src/nodes/code/javascript.test.ts',
  '`code`: files that go in': 'src/nodes/code/outputs.test.ts',
  '`code`: one file that comes out': 'src/nodes/code/outputs.test.ts',
  '`code`: all files that come out': STEPS,
  '`code`: log of an attempt, characters': 'src/nodes/code/python.test.ts',
  'Tasks that wait in one process without NATS': STEPS,
};
