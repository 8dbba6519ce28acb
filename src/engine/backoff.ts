import type { Retry } from '../graph/graph.ts';
import type { StepError } from '../task/error.ts';
import { hash32 } from './hash.ts';

/**
 * How long to wait after the `spent`-th failed attempt, in ms: exponential, capped, jittered by a
 * hash of `key` so that it is the same whoever asks; never earlier than the error's Retry-After.
 */
export function retryDelayMs(
  retry: Retry,
  failure: { readonly spent: number; readonly error: StepError; readonly key: string },
): number {
  const { spent, error, key } = failure;
  const plain = Math.min(retry.maxDelayMs, retry.initialDelayMs * retry.factor ** (spent - 1));
  const spread = (hash32(key) / 0xffffffff) * 2 - 1;
  const jittered = plain * (1 + spread * retry.jitter);
  return Math.max(Math.round(jittered), error.retryAfterMs ?? 0);
}
