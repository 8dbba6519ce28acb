import { expect, test } from 'vitest';
import { answerValidator, checkAnswer } from './answer.ts';

test('a pattern that backtracks for ever elsewhere → answered at once', () => {
  const validate = answerValidator({ type: 'string', pattern: '^(a+)+$' });
  const text = JSON.stringify(`${'a'.repeat(50_000)}b`);
  expect(checkAnswer(text, validate).kind).toBe('invalid');
  expect(checkAnswer(JSON.stringify('aaa'), validate).kind).toBe('valid');
});

test('an answer that cannot be compared with a const → invalid, with a reason', () => {
  const validate = answerValidator({ const: { valueOf: 1 } });
  const checked = checkAnswer('{"valueOf": null}', validate);
  expect(checked).toMatchObject({ kind: 'invalid', problem: expect.stringMatching(/valueOf/) });
});

test('a pattern that looks ahead → the schema is refused, with the reason', () => {
  expect(() => answerValidator({ type: 'string', pattern: '(?=a)b' })).toThrow(
    /output\.schema is no valid JSON Schema: .*\(\?=/,
  );
});
