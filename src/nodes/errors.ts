import type { Json } from '../expr/json.ts';
import type { ErrorCode, StepError } from '../task/error.ts';

export interface FailureOptions {
  readonly retryAfterMs?: number;
  readonly details?: Json;
  readonly cause?: unknown;
}

/** A failure that an attempt reports, already classified. Thrown by handlers only. */
abstract class StepFailure extends Error {
  abstract readonly class: StepError['class'];
  readonly code: ErrorCode;
  readonly retryAfterMs: number | undefined;
  readonly details: Json | undefined;

  constructor(code: ErrorCode, message: string, options: FailureOptions = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }

  /** The form that is stored and decided upon. */
  toStepError(): StepError {
    return {
      class: this.class,
      code: this.code,
      message: this.message,
      ...(this.retryAfterMs === undefined ? {} : { retryAfterMs: this.retryAfterMs }),
      ...(this.details === undefined ? {} : { details: this.details }),
    };
  }
}

/** The same call may succeed later: the engine tries again by the step's retry policy. */
export class RetryableError extends StepFailure {
  override readonly name = 'RetryableError';
  readonly class = 'retryable';
}

/** The same call will fail again: a person, an operator or a new version has to change something. */
export class HardError extends StepFailure {
  override readonly name = 'HardError';
  readonly class = 'hard';
}

/**
 * The failure to throw once the attempt's signal has fired: what the runner gave as the reason
 * (cancelled, timed out), or `cancelled` where it gave none.
 */
export function abortFailure(signal: AbortSignal): RetryableError | HardError {
  const reason: unknown = signal.reason;
  if (!isStepError(reason)) return new HardError('cancelled', 'the attempt was stopped');
  const Failure = reason.class === 'retryable' ? RetryableError : HardError;
  return new Failure(reason.code, reason.message, reason);
}

function isStepError(value: unknown): value is StepError {
  return (
    typeof value === 'object' &&
    value !== null &&
    'class' in value &&
    (value.class === 'retryable' || value.class === 'hard') &&
    'code' in value &&
    'message' in value
  );
}

/** The stored form of whatever a handler threw; what is not classified is a defect of ours. */
export function toStepError(thrown: unknown): StepError {
  if (thrown instanceof RetryableError || thrown instanceof HardError) return thrown.toStepError();
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return {
    class: 'hard',
    code: 'internal',
    message: `unexpected error in a node type: ${message}`,
  };
}
