import type { Deferred } from '../expr/deferred.ts';
import type { Json } from '../expr/json.ts';
import type { StepError } from './error.ts';

/** `item` of a step without `forEach`. */
export const NO_ITEM = -1;

/** Which attempt of a run: the step's index, the item or NO_ITEM, and the attempt from 1. */
export interface AttemptNumbers {
  readonly step: number;
  readonly item: number;
  readonly attempt: number;
}

/**
 * Names one attempt for ever: `<runId>.<step index>.<item>.<attempt>`. It is the key in Postgres
 * and the message id in JetStream.
 */
export type TaskId = string;

export function taskId(runId: string, attempt: AttemptNumbers): TaskId {
  return `${runId}.${attempt.step}.${attempt.item}.${attempt.attempt}`;
}

/** The message that asks a runner to make one attempt. Holds all that the attempt needs. */
export interface Task {
  readonly id: TaskId;
  readonly runId: string;
  readonly namespace: string;
  readonly workflow: string;
  /** Index of the step in the graph; what the engine calls it by. */
  readonly step: number;
  /** The step's id as the manifest has it; for people and logs. */
  readonly stepId: string;
  /** Index in the `forEach` list, or NO_ITEM. */
  readonly item: number;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly type: string;
  readonly queue: string;
  /** The step's config with every template but secrets resolved. */
  readonly config: Json;
  readonly deferred: readonly Deferred[];
  /** Referenced files of the workflow: relative path → SHA-256 of the content, hex. */
  readonly files: { readonly [path: string]: string };
  readonly timeoutMs: number;
  /** Stable over redeliveries and retries of this step (and item): `<runId>.<stepId>[.<item>]`. */
  readonly idempotencyKey: string;
  /** W3C traceparent, when the run is traced. */
  readonly traceparent?: string;
}

export type Outcome =
  | { readonly kind: 'completed'; readonly output: Json }
  | { readonly kind: 'failed'; readonly error: StepError }
  | { readonly kind: 'cancelled' };

/** The durable record of an attempt's outcome. */
export interface Checkpoint {
  readonly taskId: TaskId;
  readonly runId: string;
  readonly step: number;
  readonly item: number;
  readonly attempt: number;
  readonly outcome: Outcome;
  /** Epoch milliseconds by the runner's clock. */
  readonly startedAt: number;
  readonly finishedAt: number;
  /** Id of the runner that made the attempt; empty for an attempt the controller made itself. */
  readonly runner: string;
}

export type ActivityLevel = 'debug' | 'info' | 'warn' | 'error';

/** A line that a step writes for people; `progress` and `stats` are entries too. */
export interface ActivityEntry {
  readonly runId: string;
  readonly step: number;
  readonly item: number;
  readonly attempt: number;
  /** Epoch milliseconds by the writer's clock. */
  readonly at: number;
  readonly level: ActivityLevel;
  readonly message: string;
  readonly entityTag?: string;
  readonly entityRoute?: string;
  readonly entityId?: string;
  readonly entityType?: string;
  /** 0 to 1. */
  readonly progress?: number;
  readonly stats?: { readonly [name: string]: number };
}
