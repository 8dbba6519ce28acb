import { expect, test } from 'vitest';
import { abortFailure, HardError, RetryableError, toStepError } from './errors.ts';

test('classified failures → their stored form, without what is not set', () => {
  expect(toStepError(new HardError('code', 'm'))).toEqual({
    class: 'hard',
    code: 'code',
    message: 'm',
  });
  const options = { retryAfterMs: 5, details: { status: 429 }, cause: new Error('c') };
  expect(toStepError(new RetryableError('rate_limited', 'm', options))).toEqual({
    class: 'retryable',
    code: 'rate_limited',
    message: 'm',
    retryAfterMs: 5,
    details: { status: 429 },
  });
});

test.each([new TypeError('t'), 't'])('%s → a hard internal error', (thrown) => {
  expect(toStepError(thrown)).toEqual({
    class: 'hard',
    code: 'internal',
    message: 'unexpected error in a node type: t',
  });
});

test('an abort → the reason the runner gave, else cancelled', () => {
  const reason = { class: 'retryable', code: 'timeout', message: 'm', retryAfterMs: 1 };
  const given = abortFailure(AbortSignal.abort(reason));
  expect(given).toBeInstanceOf(RetryableError);
  expect(given.toStepError()).toEqual(reason);
  const none = abortFailure(AbortSignal.abort());
  expect(none.toStepError()).toMatchObject({ class: 'hard', code: 'cancelled' });
});
