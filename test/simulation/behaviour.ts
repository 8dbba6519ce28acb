import { createHash } from 'node:crypto';
import { hash32 } from '../../src/engine/hash.ts';
import type { Json, JsonObject } from '../../src/expr/json.ts';
import type { AttemptNumbers, Outcome } from '../../src/task/task.ts';

/** How the attempts of a workflow come out, whoever makes them and however often. */
export interface Behaviour {
  /** Out of 100 attempts, how many fail in a way worth retrying, and how many for good. */
  readonly retryable: number;
  readonly hard: number;
  /** Out of 100 outputs, how many refer to an artifact. */
  readonly artifacts: number;
  readonly seed: number;
}

/** Decided by the workflow, the run's `salt`, step, item and attempt; not by run id or order. */
export function outcomeOf(behaviour: Behaviour, input: Json, place: AttemptNumbers): Outcome {
  const at = `${place.step}.${place.item}.${place.attempt}`;
  const seed = behaviour.seed + saltOf(input);
  const dice = hash32(at, seed) % 100;
  const message = `dice ${dice}`;
  if (dice < behaviour.hard) {
    return { kind: 'failed', error: { class: 'hard', code: 'code', message } };
  }
  if (dice < behaviour.hard + behaviour.retryable) {
    return { kind: 'failed', error: { class: 'retryable', code: 'transient', message } };
  }
  const artifact = artifactOf(behaviour, `${at} of ${seed}`);
  return { kind: 'completed', output: artifact === null ? { at } : { at, ...artifact } };
}

/** What the output refers to; its content follows from its name. */
function artifactOf({ artifacts }: Behaviour, content: string): { digest: string } | null {
  if (hash32(content) % 100 >= artifacts) return null;
  return { digest: createHash('sha256').update(content).digest('hex') };
}

/** The bytes that an output refers to; null when it refers to none. */
export function artifactBytes(
  behaviour: Behaviour,
  input: Json,
  place: AttemptNumbers,
): Uint8Array | null {
  const seed = behaviour.seed + saltOf(input);
  const content = `${place.step}.${place.item}.${place.attempt} of ${seed}`;
  return artifactOf(behaviour, content) === null ? null : new TextEncoder().encode(content);
}

function saltOf(input: Json): number {
  return Number((input as JsonObject | null)?.['salt'] ?? 0);
}
