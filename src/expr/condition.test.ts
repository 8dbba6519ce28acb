import { describe, expect, it } from 'vitest';
import { compileCondition } from './condition.ts';
import { ExpressionError } from './expression-error.ts';
import type { Names, Scope } from './scope.ts';

const NAMES: Names = {
  steps: new Set(['classify']),
  allSteps: new Set(['classify']),
  item: false,
  secrets: true,
};

const SCOPE: Scope = {
  input: { value: 12, text: 'a}}b', list: [1] },
  run: {},
  workflow: {},
  step: () => ({ status: 'completed', output: { category: 'technical' }, error: null }),
};

function compiled(text: string) {
  const result = compileCondition(text, NAMES);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
}

describe('a condition → true or false', () => {
  it.each<[string, boolean]>([
    ['{{input.value}} > 10', true],
    ["{{classify.output.category}} == 'technical'", true],
    ['input.value > 10 && classify.status == "completed"', true],
    ['{{ input.value > 10 }}', true],
    ['{{ input.value }} + 1 == {{ 13 }}', true],
    ['{{ 1 + 1 }} * 2 == 4', true],
    ['input.text == "a}}b"', true],
    ['{{ {"a": {"b": 1}} }}.a.b == 1', true],
    ['!{{ false }}', true],
    ['has(input.nope)', false],
    [' true ', true],
  ])('%s → %s', (text, expected) => {
    expect(compiled(text).evaluate(SCOPE)).toBe(expected);
  });

  it('its steps are known', () => {
    expect([...compiled('{{ classify.output }} == null').reads]).toStrictEqual(['classify']);
  });

  it.each<[string, string]>([
    ['input.value', 'gave a value of type number; expected true or false'],
    ['input.list', 'gave a list; expected'],
    ['default(input.nope, null)', 'gave null; expected'],
    ['input.nope > 1', 'there is no field "nope"'],
  ])('%s → an ExpressionError: %s', (text, message) => {
    expect(() => compiled(text).evaluate(SCOPE)).toThrow(ExpressionError);
    expect(() => compiled(text).evaluate(SCOPE)).toThrow(message);
  });
});

describe('a mistake in a condition → a problem with its place', () => {
  it.each<[text: string, code: string, marked: string, message: string]>([
    ['', 'empty-expression', '', 'empty'],
    ['{{ }} > 1', 'empty-expression', ' ', 'empty'],
    ['{{ input.x', 'unterminated-template', '{{ input.x', 'no closing'],
    ['{{inptu.value}} > 10', 'unknown-name', 'inptu', 'There is no'],
    ['{{input.value}} >', 'syntax', '', 'too early'],
    ['{{input.value}} = 1', 'syntax', '=', 'Unexpected'],
    ["'{{input.value}}' == 'x'", 'template-in-quotes', "'{{input.value}}'", 'inside quotes'],
    [' 1 + 1 ', 'not-a-condition', '1 + 1', 'this is a number'],
    ['secrets.k == "x"', 'secrets-not-allowed', 'secrets.k', 'only in the config'],
    ['{{ input.a }} && {{ zz }} && {{ foo(1) }}', 'unknown-name', 'zz', 'There is no'],
  ])('%s → %s', (text, code, marked, message) => {
    const result = compileCondition(text, NAMES);
    const [problem] = result.ok ? [] : result.problems;
    expect(problem?.code).toBe(code);
    const { offset = -1, length = 0 } = problem?.span ?? {};
    expect(text.slice(offset, offset + length)).toBe(marked);
    expect(problem?.message).toContain(message);
    expect(problem?.path).toStrictEqual([]);
  });
});
