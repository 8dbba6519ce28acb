import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileCondition } from './condition.ts';
import { ExpressionError } from './expression-error.ts';
import type { Json } from './json.ts';
import type { Names, Scope } from './scope.ts';
import { compileTemplate } from './template.ts';

const NAMES: Names = {
  steps: new Set(['a']),
  allSteps: new Set(['a']),
  item: true,
  secrets: false,
};

function scopeOf(data: Json): Scope {
  const step = () => ({ status: 'completed', output: data, error: null });
  return { input: data, run: {}, workflow: {}, step, item: data, index: 0 };
}

/** Whether JSON can carry it all: no undefined, NaN, Infinity, bytes or moments. */
function isJson(value: unknown): boolean {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every(isJson);
  return (
    typeof value === 'object' && value?.constructor === Object && Object.values(value).every(isJson)
  );
}

/** Expressions that reach for everything, on data that need not have it. */
const REACH = [
  'input.a.b[0]',
  'input.a + a.output',
  'input == item',
  'input.map(x, x.a)',
  'input.sort()',
  'input.filter(x, x > 1).sum()',
  'size(input) + 1',
  'json(input) + string(item)',
  'keys(input).map(k, input[k])',
  'flatten(input, 99)',
  'distinct(input)',
  'input.sortBy(x, x)',
  'input.?a.b.orValue(item)',
  'default(input.a, a.output.b)',
  'input.a || item',
  'input in item',
  'input.split(item)',
  'input.matches(item)',
  'timestamp(input)',
  'input.format([item])',
  '{input: item}',
  'input < item ? input : item',
  'parseJson(input)',
  'merge(input, item)',
  'input.join(",")',
];

const WORDS = [
  'input',
  'item',
  'a.output',
  '.',
  '.x',
  '[',
  ']',
  '(',
  ')',
  '{',
  '}',
  '{{',
  '}}',
  ' + ',
  ' && ',
  '?',
  ':',
  ',',
  '"',
  "'",
  '1',
  '-',
  '!',
  '.map(x, ',
  'size(',
  'default(',
  '//',
  '\\',
  'true',
  ' in ',
  '\n',
  '😀',
  '`',
  '__proto__',
  'constructor',
];

describe('whatever the data and whatever the text', () => {
  it('an evaluation gives JSON or an ExpressionError', () => {
    fc.assert(
      fc.property(fc.constantFrom(...REACH), fc.jsonValue(), (expression, data) => {
        const compiled = compileTemplate(
          [`{{ ${expression} }}`, `text {{ ${expression} }}`],
          NAMES,
        );
        if (!compiled.ok) throw new Error(`${expression}: ${JSON.stringify(compiled.problems)}`);
        try {
          const value = compiled.value.evaluate(scopeOf(data as Json));
          expect(isJson(value)).toBe(true);
        } catch (error) {
          expect(error).toBeInstanceOf(ExpressionError);
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('compiling gives problems inside the text, never an exception', () => {
    const text = fc
      .array(fc.constantFrom(...WORDS), { maxLength: 12 })
      .map((words) => words.join(''));
    fc.assert(
      fc.property(text, (inner) => {
        for (const result of [
          compileTemplate(`{{ ${inner} }}`, NAMES),
          compileCondition(inner, NAMES),
        ]) {
          for (const { span, message } of result.ok ? [] : result.problems) {
            expect(message.length).toBeGreaterThan(5);
            expect(span?.offset).toBeGreaterThanOrEqual(0);
            expect((span?.offset ?? 0) + (span?.length ?? 0)).toBeLessThanOrEqual(inner.length + 6);
          }
        }
      }),
      { numRuns: 5000 },
    );
  });

  it('text from data is never read as a template', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const data = `{{ ${text} }}`;
        const compiled = compileTemplate(['{{ input }}', 'x{{ input }}'], NAMES);
        expect(compiled.ok && compiled.value.evaluate(scopeOf(data))).toStrictEqual([
          data,
          `x${data}`,
        ]);
      }),
    );
  });

  it('deeply nested data → an ExpressionError, not a stack overflow', () => {
    let deep: Json = 1;
    for (let level = 0; level < 50_000; level += 1) deep = [deep];
    let twin: Json = 1;
    for (let level = 0; level < 50_000; level += 1) twin = [twin];
    const scope = { ...scopeOf(deep), item: twin };
    for (const text of ['{{ input == item }}', '{{ json(input) }}', 'x {{ input }}']) {
      const compiled = compileTemplate(text, NAMES);
      if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
      expect(() => compiled.value.evaluate(scope)).toThrow(ExpressionError);
    }
    const flat = compileTemplate('{{ flatten(input, 99999).size() }}', NAMES);
    expect(flat.ok && flat.value.evaluate(scope)).toBe(1);
  });
});
