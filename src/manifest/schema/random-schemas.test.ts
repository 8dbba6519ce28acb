import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json, JsonObject } from '../../expr/json.ts';
import { checkInput } from './check-input.ts';
import { checkInputSchema } from './input-schema.ts';

/** Of processor time; far above what a slow machine needs. */
const MAX_MS = 10_000;

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
    'uniqueItems',
    'patternProperties',
    'allOf',
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
      const before = process.cpuUsage().user;
      const problems = checkInputSchema(plain);
      if (problems.length === 0) checkInput(plain, input as Json);
      expect((process.cpuUsage().user - before) / 1000).toBeLessThan(MAX_MS);
    }),
    { numRuns: 1000 },
  );
});
