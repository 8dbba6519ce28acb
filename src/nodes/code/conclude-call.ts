import type { Json } from '../../expr/json.ts';
import { HardError, RetryableError } from '../errors.ts';
import type { CallResult } from './call.ts';

/** The output of the step, or the classified failure that a call's end means. */
export function concludeCall(result: CallResult): Json {
  switch (result.kind) {
    case 'returned':
      return JSON.parse(result.output) as Json;
    case 'threw':
      throw new HardError('code', result.message, { details: { traceback: result.traceback } });
    case 'retryable':
      throw new RetryableError('transient', result.message, {
        details: { traceback: result.traceback },
        ...(result.retryAfterMs === undefined ? {} : { retryAfterMs: result.retryAfterMs }),
      });
    case 'malformed':
      throw new HardError('malformed_output', result.message);
    case 'limit':
      throw new HardError('limit', result.message);
  }
}
