import type { Fact, RunError } from '../engine/fact.ts';
import type { Json, JsonObject } from '../expr/json.ts';

export type RunStatus =
  | 'pending'
  | 'running'
  | 'waiting'
  | 'pending_retry'
  | 'paused'
  | 'completed'
  | 'failed'
  | 'cancelled';

/** What made a run start. `name` is the trigger, the Run manifest, the parent run or the caller. */
export interface Cause {
  readonly kind: 'api' | 'manifest' | 'apply' | 'parent' | 'fork' | 'test';
  readonly name: string;
}

/** One run as the ledger keeps it. Times are epoch ms. */
export interface RunRecord {
  /** UUID version 7. */
  readonly id: string;
  readonly namespace: string;
  readonly workflow: string;
  readonly versionId: string;
  readonly versionNumber: number;
  readonly status: RunStatus;
  /** Sequence number of the last recorded fact: the guard of every write. 0 before the first. */
  readonly seq: number;
  readonly input: Json;
  readonly output: Json;
  readonly error: RunError | null;
  readonly labels: { readonly [name: string]: string };
  readonly cause: Cause;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  /** When the run next has something to do by itself: a timer, a retry, a resume. */
  readonly wakeAt: number | null;
  readonly parent: ParentStep | null;
}

/** The step attempt that a child run answers to. */
export interface ParentStep {
  readonly runId: string;
  readonly step: number;
  readonly item: number;
  readonly attempt: number;
}

/** A fact with its place in the run's history. */
export interface RecordedFact {
  readonly seq: number;
  readonly fact: Fact;
}

/** A run to be created. */
export interface NewRun {
  readonly id: string;
  readonly namespace: string;
  readonly workflow: string;
  readonly versionId: string;
  readonly input: Json;
  readonly labels: { readonly [name: string]: string };
  readonly cause: Cause;
  readonly createdBy: string;
  readonly createdAt: number;
  /** At most one run per namespace and key, ever: a Run manifest's generation, a caller's key. */
  readonly idempotencyKey: string | null;
  readonly parent: ParentStep | null;
}

/** What a person or program asks of a run; waits in the inbox until a controller folds it. */
export interface RunRequest {
  readonly id: string;
  readonly runId: string;
  readonly createdAt: number;
  readonly by: string;
  readonly body:
    | { readonly kind: 'cancel'; readonly reason: string }
    /** `fromStep` is a step id; null is every failed or cancelled step. */
    | { readonly kind: 'retry'; readonly fromStep: string | null; readonly input?: Json };
}

/** One event of the ledger about a source, workflow or run, counted when it repeats. */
export interface EventRecord {
  readonly id: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly type: 'normal' | 'warning';
  readonly reason: string;
  readonly message: string;
  readonly details: JsonObject;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Whether a run with this status has ended, unless somebody retries it. */
export function isFinal(status: RunStatus): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}
