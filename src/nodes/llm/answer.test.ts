import { expect, test } from 'vitest';
import { answerValidator, checkAnswer } from './answer.ts';

test('a pattern that backtracks for ever elsewhere → answered at once', () => {
  const validate = answerValidator({ type: 'string', pattern: '^(a+)+$' });
  const text = JSON.stringify(`${'a'.repeat(50_000)}b`);
  expect(checkAnswer(text, validate).kind).toBe('invalid');
  expect(checkAnswer(JSON.stringify('aaa'), validate).kind).toBe('valid');
});

test('a pattern that looks ahead → the schema is refused, with the reason', () => {
  expect(() => answerValidator({ type: 'string', pattern: '(?=a)b' })).toThrow(
    /output\.schema is no valid JSON Schema: .*\(\?=/,
  );
});
