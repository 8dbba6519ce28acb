import { Code, ConnectError, type Interceptor } from '@connectrpc/connect';
import { toFault } from './fault.ts';

export interface FaultOptions {
  /** Whether an error says that the database is out of reach for the moment. */
  readonly isAway: (error: unknown) => boolean;
  /** Told of every error whose caller hears less than it says. */
  readonly onInternalError: (error: unknown) => void;
}

/**
 * Keeps what only we should know out of every protocol's answer, and puts it in the log: of a call
 * that fails, and of a stream that ends so after it began.
 */
export function createFaultInterceptor(options: FaultOptions): Interceptor {
  return (next) => async (request) => {
    try {
      const answer = await next(request);
      return answer.stream ? { ...answer, message: guarded(answer.message, options) } : answer;
    } catch (error) {
      throw faultOf(error, options);
    }
  };
}

async function* guarded<T>(messages: AsyncIterable<T>, options: FaultOptions): AsyncGenerator<T> {
  try {
    yield* messages;
  } catch (error) {
    throw faultOf(error, options);
  }
}

function faultOf(error: unknown, { isAway, onInternalError }: FaultOptions): ConnectError {
  const fault = isAway(error)
    ? new ConnectError('The database is out of reach; ask again in a moment.', Code.Unavailable)
    : toFault(error);
  if (fault !== error) onInternalError(error);
  return fault;
}
