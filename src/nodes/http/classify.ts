import type { Json } from '../../expr/json.ts';
import { HardError, RetryableError } from '../errors.ts';
import { retryAfterMs } from '../retry-after.ts';
import { refusalIn } from './guarded-agent.ts';
import { shownUrl, type HttpRequest } from './request.ts';

const EXCERPT_CHARACTERS = 2048;

export interface ReceivedResponse {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: { readonly [name: string]: string };
  readonly body: Uint8Array;
}

/** The failure that an unexpected status means. */
export function statusFailure(
  request: HttpRequest,
  response: ReceivedResponse,
  expected: string,
): RetryableError | HardError {
  const { status } = response;
  const message = `${request.method} ${shownUrl(request.url)} answered ${status}, expected ${expected}`;
  const details: Json = { status, body: excerpt(response.body) };
  const after = retryAfterMs(response.headers['retry-after'], Date.now());
  const options = after === undefined ? { details } : { details, retryAfterMs: after };
  if (status === 429) return new RetryableError('rate_limited', message, options);
  if (status === 408 || status === 425 || status >= 500) {
    return new RetryableError('transient', message, options);
  }
  const unauthorised = status === 401 || status === 403 || status === 407;
  return new HardError(unauthorised ? 'unauthorised' : 'invalid_input', message, { details });
}

function excerpt(body: Uint8Array): string {
  return new TextDecoder().decode(body.subarray(0, EXCERPT_CHARACTERS));
}

/** Node's and OpenSSL's codes for a certificate that will be the same next time. */
const CERTIFICATE_FAULT = /CERT|^UNABLE_TO_|^ERR_SSL_|^ERR_TLS_CERT|^HOSTNAME_MISMATCH$/;

/** The failure behind an error of the connection or of the client. */
export function connectionFailure(request: HttpRequest, error: unknown): Error {
  if (error instanceof HardError || error instanceof RetryableError) return error;
  const refused = refusalIn(error);
  if (refused !== undefined) {
    return new HardError('invalid_input', refused.message, { cause: error });
  }
  const code = codeOf(error);
  const message = `${request.method} ${shownUrl(request.url)} failed: ${describe(error)}`;
  const options = { cause: error, details: { code } };
  if (code.startsWith('UND_ERR_HEADERS_OVERFLOW')) return new HardError('limit', message, options);
  if (code === 'UND_ERR_INVALID_ARG' || code.startsWith('UND_ERR_REQ_')) {
    return new HardError('invalid_input', message, options);
  }
  if (CERTIFICATE_FAULT.test(code)) return new HardError('invalid_input', message, options);
  return new RetryableError('transient', message, options);
}

function codeOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** An AggregateError (every address refused) has an empty message of its own. */
function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(describe).join('; ');
  }
  return error.message === '' ? error.name : error.message;
}
