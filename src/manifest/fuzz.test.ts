import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../expr/json.ts';
import { checkInput } from './schema/check-input.ts';
import { checkInputSchema } from './schema/input-schema.ts';
import { readFiles } from './testing/check-text.ts';

const good = [
  'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata:\n  name: w\n  labels: { a: b }\nspec:\n  input: { type: object, properties: { url: { type: string } } }\n  steps:\n    - id: get\n      type: http\n      config: { url: "{{ input.url }}", headers: { a: b } }\n      retry: { maxAttempts: 3 }\n    - id: route\n      type: conditional\n      config: { condition: "{{ get.output.status }} == 200", true_edge: done }\n    - id: done\n      type: end\n',
  '{"name": "G", "nodes": [{"id": "a", "type": "start", "config": {}}, {"id": "b", "type": "conditional", "config": {"condition": "{{input.x}} > 1", "true_edge": "c"}}], "edges": [{"source": "a", "target": "b"}]}',
  'name: T\ntasks:\n- id: a\n  tool: transform\n  config: { output: "{{ input }}" }\n  depends_on: []\n  retries: 2\n  timeout: 3\n---\napiVersion: behest.dev/v1\nkind: Run\nmetadata: { name: r }\nspec: { workflow: t, input: { a: 1 } }\n',
  'JOBS:\n  jobs:\n  - { name: One, function: code.one }\n',
  '{"id": "x", "steps": [{"name": "a", "type": "http", "config": {"url": "x"}}]}',
];

const scraps = [
  '\t',
  ':',
  '- ',
  '{',
  '}',
  '[',
  ']',
  '"',
  "'",
  '{{',
  '}}',
  '&a ',
  '*a',
  '!!x ',
  '\n',
  '  ',
  '1',
  'null',
  '.nan',
  '<<: ',
  '#',
  '%',
  ',',
  '\u0000',
  '\uD800',
  'é',
  '📦',
  '__proto__: ',
];

const mutated = fc
  .tuple(
    fc.constantFrom(...good),
    fc.array(fc.tuple(fc.nat(), fc.nat(12), fc.constantFrom('', ...scraps)), {
      minLength: 1,
      maxLength: 4,
    }),
  )
  .map(([text, edits]) =>
    edits.reduce((now, [at, length, scrap]) => {
      const place = now.length === 0 ? 0 : at % now.length;
      return now.slice(0, place) + scrap + now.slice(place + length);
    }, text),
  );

/** `FUZZ_RUNS=200000 vitest run src/manifest/fuzz.test.ts` is the long form. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 1500);
const LONG_MS = Math.max(20_000, runs * 20);
/** Of processor time: a busy machine makes nothing slower. */
const MAX_INPUT_MS = 1000;

/** Reads the files, and fails when that takes too long. */
function readInTime(files: Parameters<typeof readFiles>[0]): ReturnType<typeof readFiles> {
  const before = process.cpuUsage();
  const read = readFiles(files);
  const { user, system } = process.cpuUsage(before);
  expect((user + system) / 1000).toBeLessThan(MAX_INPUT_MS);
  return read;
}

test(
  `${runs} mutated manifests are never thrown at, and every problem has a place in the text`,
  { timeout: LONG_MS },
  () => {
    fc.assert(
      fc.property(mutated, fc.constantFrom('a.yaml', 'a.json', 'w/config.json'), (text, file) => {
        const { problems, resources, badFiles } = readInTime({
          [file]: text,
          'code.py': 'def one(x): pass',
        });
        const lines = new TextDecoder().decode(new TextEncoder().encode(text)).split(/\r\n|\n|\r/);
        for (const { line, column, code, message, frame } of problems) {
          expect(code).toMatch(/^[a-z][a-z0-9-]*$/);
          expect(message).not.toBe('');
          expect(frame).toContain('^');
          expect(line).toBeGreaterThan(0);
          expect(line).toBeLessThanOrEqual(lines.length);
          expect(column).toBeGreaterThan(0);
          expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 2);
        }
        expect(badFiles.has(file)).toBe(problems.some(({ severity }) => severity === 'error'));
        if (badFiles.has(file)) expect(resources).toEqual([]);
      }),
      { numRuns: runs },
    );
  },
);

test('random bytes are never thrown at', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      readInTime({ 'a.yaml': bytes, 'a.json': bytes });
    }),
    { numRuns: 500 },
  );
});

const keyword = fc.constantFrom(
  ...[
    'type',
    'properties',
    'items',
    '$ref',
    '$defs',
    'required',
    'enum',
    'pattern',
    'format',
    'anyOf',
  ],
  ...[
    '$id',
    '$anchor',
    '$schema',
    '$dynamicRef',
    'default',
    'const',
    'not',
    'minimum',
    'if',
    'a',
    '__proto__',
  ],
);
const text = fc.constantFrom(
  'object',
  'string',
  '#',
  '#/$defs/a',
  '#/%zz',
  '#a',
  '(',
  'uri',
  'a',
  'x/y',
  '',
);
const { schema } = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    text,
    fc.integer(),
    fc.boolean(),
    fc.constant(null),
    tie('schema'),
    tie('list'),
  ),
  list: fc.array(tie('value'), { maxLength: 3 }),
  schema: fc.dictionary(keyword, tie('value'), { maxKeys: 4 }),
}));

test('random schemas are never thrown at, and those that pass can check any input', () => {
  fc.assert(
    fc.property(schema, fc.jsonValue(), (random, input) => {
      const plain = JSON.parse(JSON.stringify(random)) as JsonObject;
      const problems = checkInputSchema(plain);
      if (problems.length === 0) checkInput(plain, input as Json);
    }),
    { numRuns: 1000 },
  );
});
