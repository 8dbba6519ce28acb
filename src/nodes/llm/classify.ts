import { APIConnectionError, APIError } from 'openai';
import type { Json } from '../../expr/json.ts';
import { HardError, RetryableError } from '../errors.ts';
import { refusalIn } from '../http/guarded-agent.ts';
import { retryAfterMs } from '../retry-after.ts';

/** The failure behind an error of the client library. What is not the provider's stays as it is. */
export function llmFailure(error: unknown, endpoint: { readonly baseUrl: string }): unknown {
  if (!(error instanceof APIError)) return error;
  const refused = refusalIn(error);
  if (refused !== undefined)
    return new HardError('invalid_input', refused.message, { cause: error });
  const where = shownEndpoint(endpoint.baseUrl);
  if (error instanceof APIConnectionError || error.status === undefined) {
    const cause = error.cause instanceof Error ? deepest(error.cause).message : error.message;
    const message = `${where} could not be reached: ${cause}`;
    return new RetryableError('transient', message, { cause: error });
  }
  return statusFailure(error, where);
}

function statusFailure(error: APIError, where: string): RetryableError | HardError {
  const status = Number(error.status);
  const { code, type } = error;
  const message = `${where} answered ${error.message.slice(0, 1000)}`;
  const details: Json = { status, ...(code ? { code } : {}), ...(type ? { type } : {}) };
  const after = retryAfterMs(error.headers?.get('retry-after'), Date.now());
  const options = after === undefined ? { details } : { details, retryAfterMs: after };
  if (code === 'insufficient_quota' || type === 'insufficient_quota' || status === 402) {
    return new RetryableError('quota', `${message}; top up or raise the provider’s limit`, options);
  }
  if (status === 429) return new RetryableError('rate_limited', message, options);
  if (status >= 500 || status === 408 || status === 409 || status === 425) {
    return new RetryableError('transient', message, options);
  }
  if (status === 401 || status === 403) {
    return new HardError('unauthorised', `${message}; check the API key`, { details });
  }
  const tooLong = code === 'context_length_exceeded';
  const remedy = tooLong ? '; shorten the prompt or take a model with a longer context' : '';
  return new HardError('invalid_input', message + remedy, { details });
}

function deepest(error: Error): Error {
  return error.cause instanceof Error ? deepest(error.cause) : error;
}

/** Credentials and query of a base URL stay out of messages. */
function shownEndpoint(baseUrl: string): string {
  const url = URL.parse(baseUrl);
  return url === null ? 'the endpoint' : `${url.origin}${url.pathname}`;
}
