import { expect, test } from 'vitest';
import type { Json } from '../expr/json.ts';
import { nodeTypes } from '../nodes/registry.ts';
import { completeInput } from './complete-input.ts';
import { readDocument } from './read-text.ts';

const schema = {
  type: 'object',
  required: ['url'],
  additionalProperties: false,
  properties: {
    url: { type: 'string' },
    size: { type: 'integer', minimum: 1, default: 500 },
    mode: { enum: ['fast', 'safe'], default: 'safe' },
  },
};

function check(input: Json, expected: Json | string[]): void {
  const { input: complete, problems } = completeInput(schema, input);
  if (problems.length === 0) expect(complete).toEqual(expected);
  else expect(problems.map(({ pointer, message }) => `${pointer} ${message}`)).toEqual(expected);
}

test('a silent caller → the schema’s defaults, the caller’s object untouched', () => {
  const input = { url: 'x' };
  check(input, { url: 'x', size: 500, mode: 'safe' });
  expect(input).toEqual({ url: 'x' });
});

test('input that breaks the schema → every problem with its JSON pointer', () => {
  check({ 'a/b': 1, mode: 'slow', size: 0 }, [
    '/url is required',
    '/a~1b is not expected',
    '/size must be >= 1',
    '/mode must be one of "fast", "safe"',
  ]);
});

test('no schema → anything goes', () => {
  expect(completeInput(null, [1])).toEqual({ input: [1], problems: [] });
});

test('a version that starts its own run → the run’s input has the defaults too', () => {
  const manifest = {
    apiVersion: 'behest.dev/v1',
    kind: 'Workflow',
    metadata: { name: 'w' },
    spec: {
      input: schema,
      triggers: [{ name: 'first', apply: {}, input: { url: 'x' } }],
      steps: [{ id: 'a', type: 'start' }],
    },
  };
  const { resources } = readDocument(manifest, { nodeTypes, digest: () => 'd' });
  const [resource] = resources;
  if (resource?.kind !== 'Workflow') throw new Error('no workflow was read');
  expect(resource.graph.applyTrigger?.input).toEqual({ url: 'x', size: 500, mode: 'safe' });
});
