import type { Json } from '../expr/json.ts';

/**
 * One taxonomy for every node type. `retryable` codes are worth another attempt as they stand;
 * `hard` ones need a person or a new version.
 */
export type ErrorCode =
  | 'transient' // connection faults, HTTP 5xx and 408/425: retryable
  | 'rate_limited' // HTTP 429, provider overload: retryable, often with retryAfterMs
  | 'quota' // the provider's quota is spent: retryable
  | 'timeout' // the attempt's own time limit: retryable
  | 'runner_lost' // the runner died with the attempt and the task ran out of redeliveries: retryable
  | 'invalid_input' // a config, an input or a 4xx answer that the same call will meet again: hard
  | 'unauthorised' // missing or refused credentials, a missing secret: hard
  | 'malformed_output' // output breaks its schema or is no JSON: hard
  | 'expression' // a template or condition failed on the data: hard
  | 'code' // user code threw: hard
  | 'limit' // a documented limit (size, memory, depth, iterations) was hit: hard
  | 'not_configured' // an operator has to set something first: hard
  | 'child_failed' // a child run failed: hard
  | 'cancelled' // somebody stopped it: hard
  | 'internal'; // a defect of ours: hard

/** Why an attempt failed, classified. This is what is stored, shown and decided upon. */
export interface StepError {
  readonly class: 'retryable' | 'hard';
  readonly code: ErrorCode;
  /** What failed, which one, expected against found, the remedy. Never holds a secret. */
  readonly message: string;
  /** The earliest time worth trying again, from now, in ms; from Retry-After and the like. */
  readonly retryAfterMs?: number;
  /** Evidence for people: HTTP status, a response excerpt, a stack. */
  readonly details?: Json;
}
