import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, test } from 'vitest';
import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import { nodeTypes } from './registry.ts';

const all = [...nodeTypes.values()].map((nodeType) => [nodeType.type, nodeType] as const);

/** Every field of a config schema, nested ones included, by its name. */
function* fields(schema: Json): Generator<readonly [string, JsonObject]> {
  if (!isJsonObject(schema)) return;
  if (isJsonObject(schema['properties'])) {
    for (const [name, field] of Object.entries(schema['properties'])) {
      if (isJsonObject(field)) yield [name, field];
      yield* fields(field);
    }
  }
  const inner = [schema['items'], schema['anyOf']].flat();
  for (const part of inner) if (part !== undefined) yield* fields(part);
}

test('the registry holds the eleven types under their own names', () => {
  expect([...nodeTypes.keys()].toSorted()).toEqual([
    'artifact',
    'code',
    'conditional',
    'end',
    'http',
    'llm',
    'start',
    'switch',
    'transform',
    'wait',
    'workflow',
  ]);
  for (const [name, nodeType] of nodeTypes) expect(nodeType.type).toBe(name);
});

test.each(all)('%s → its page names every config field', (type, { configSchema }) => {
  const page = readFileSync(new URL(`../../docs/spec/nodes/${type}.md`, import.meta.url), 'utf8');
  for (const [name] of fields(configSchema)) {
    expect(page, `${type}.md lacks ${name}`).toMatch(new RegExp(`\\b${name}\\b`));
  }
  for (const section of ['## Example', '## Config', '## Output', '## Errors', '## Limits']) {
    expect(page).toContain(section);
  }
});

test.each(all)(
  '%s → a closed object schema that ajv accepts, each top field described',
  (_, type) => {
    const { configSchema } = type;
    expect(() => new Ajv2020({ strict: false }).compile(configSchema)).not.toThrow();
    expect(configSchema['additionalProperties']).toBe(false);
    for (const field of Object.values(configSchema['properties'] as JsonObject)) {
      expect(isJsonObject(field) && typeof field['description']).toBe('string');
    }
  },
);

test.each(all)('%s → file keys and verbatim keys are config fields', (_, type) => {
  const names = Object.keys(type.configSchema['properties'] as JsonObject);
  for (const key of [...(type.fileKeys ?? []), ...(type.verbatimKeys ?? [])]) {
    expect(names).toContain(key);
  }
});

test.each(all)('%s → executes exactly when it runs in the runner', (_, type) => {
  expect(type.execute !== undefined).toBe(type.runsIn === 'runner');
});

test.each<[string, Json, boolean]>([
  ['llm', { model: 'gpt-4', prompt: '{{input.prompt}}', temperature: 0.7, max_tokens: 1000 }, true],
  ['llm', { model: 'gpt-4', prompt: 'Classify this customer inquiry: {{input.message}}' }, true],
  ['llm', { prompt: 'x', max_tokens: '{{ input.n }}' }, true],
  ['llm', { prompt: 'x', max_tokens: 'many' }, false],
  ['llm', { model: 'gpt-4' }, false],
  ['llm', { prompt: 'x', baseUrl: 'https://x.example' }, false],
  [
    'http',
    { method: 'POST', url: 'https://a.example', headers: { A: 'b' }, body: { d: '{{x}}' } },
    true,
  ],
  ['http', { url: 'https://a.example', method: 'FETCH' }, false],
  ['http', { url: 'https://a.example', body: 1, form: {} }, false],
  ['http', { url: 'https://a.example', retries: 3 }, false],
  ['http', {}, false],
  [
    'code',
    { language: 'python', code: 'x', input_mapping: { input_data: '{{input.value}}' } },
    true,
  ],
  ['code', { file: './a.py', input: { a: '{{ item }}' } }, true],
  ['code', { file: './a.py', code: 'x' }, false],
  ['code', { code: 'x', input: 1, input_mapping: {} }, false],
  ['code', { code: 'x', files: ['{{ input.file }}', 'a.csv'] }, true],
  ['code', { code: 'x', outputs: ['out/a.csv', 'b.json'] }, true],
  ['code', { code: 'x', outputs: ['../x'] }, false],
  ['code', { code: 'x', outputs: ['a/../../x'] }, false],
  ['code', { code: 'x', outputs: ['/etc/x'] }, false],
  ['code', { code: 'x', outputs: ['a\\x'] }, false],
  ['code', { code: 'x', outputs: ['a//x'] }, false],
  ['code', { code: 'x', outputs: ['./x'] }, false],
  ['code', { code: 'x', outputs: ['x', 'x'] }, false],
  ['artifact', { store: { name: 'a.json', content: { a: 1 } } }, true],
  ['artifact', { store: { name: 'a.json' } }, false],
  ['artifact', { fetch: '{{ input.file }}', as: 'json' }, true],
  ['artifact', { fetch: { artifact: 'a'.repeat(64), name: 'a' } }, true],
  ['artifact', { fetch: { artifact: '../a', name: 'a' } }, false],
  ['artifact', { store: { name: 'a', content: '' }, fetch: '{{ input.file }}' }, false],
  ['artifact', {}, false],
  ['conditional', { condition: '{{input.value}} > 10', true_edge: 'a', false_edge: 'b' }, true],
  ['conditional', { true_edge: 'a', false_edge: 'b' }, false],
  ['switch', { value: '{{ a.output }}', cases: { x: 'b' }, default: 'c' }, true],
  ['switch', { value: '{{ a.output }}', cases: {} }, false],
  ['wait', { duration: '30s' }, true],
  ['wait', { duration: '1h30m' }, true],
  ['wait', { duration: '{{ input.pause }}' }, true],
  ['wait', { duration: 'soon' }, false],
  ['wait', { duration: '30s', until: '2026-03-01T09:00:00Z' }, false],
  ['wait', {}, false],
  ['workflow', { workflow: 'child', input: { a: 1 } }, true],
  ['workflow', { input: {} }, false],
  ['transform', { output: null }, true],
  ['transform', {}, false],
  ['start', {}, true],
  ['start', { a: 1 }, false],
])('%s config %j → valid: %s', (type, config, expected) => {
  const validate = new Ajv2020({ strict: false }).compile(nodeTypes.get(type)!.configSchema);
  expect(validate(config)).toBe(expected);
});
