import type { Json } from '../expr/json.ts';
import type { StepError } from '../task/error.ts';
import type { Outcome } from '../task/task.ts';

/**
 * Something that happened to a run. Recorded facts, in the order of their sequence numbers, are
 * all that is known of a run: `fold` over them is its state. `at` is epoch ms by the controller.
 */
export type Fact =
  | StartedFact
  | AttemptFact
  | ExpandedFact
  | SkippedFact
  | CancelRequestedFact
  | ReopenedFact
  | DeferredFact
  | ExpiredFact
  | FinishedFact
  | VolatileFact;

/** Recorded in the ledger, in order. */
export type RecordableFact = Exclude<Fact, VolatileFact>;

/**
 * Not recorded: what the controller has set in motion. They keep a live state from sending a task
 * twice and never change what a recorded fact does, so a replay without them ends the same.
 */
export type VolatileFact = DispatchedFact | CancelSentFact;

/** The run left `pending`. */
export interface StartedFact {
  readonly kind: 'started';
  readonly at: number;
}

/** A checkpoint: the outcome of one attempt, made by a runner or by the controller itself. */
export interface AttemptFact {
  readonly kind: 'attempt';
  readonly at: number;
  readonly step: number;
  /** NO_ITEM outside a fan-out. */
  readonly item: number;
  readonly attempt: number;
  readonly outcome: Outcome;
  /** The branch that a conditional or switch took. */
  readonly branch: string | null;
  readonly startedAt: number;
  readonly finishedAt: number;
  readonly runner: string;
}

/** A `forEach` list was evaluated: how many items there are. */
export interface ExpandedFact {
  readonly kind: 'expanded';
  readonly at: number;
  readonly step: number;
  readonly count: number;
}

export type SkipReason = 'branch' | 'when' | 'upstream';

export interface SkippedFact {
  readonly kind: 'skipped';
  readonly at: number;
  readonly step: number;
  readonly reason: SkipReason;
}

export interface CancelRequestedFact {
  readonly kind: 'cancelRequested';
  readonly at: number;
  readonly reason: string;
  readonly by: string;
}

/**
 * Steps go back to the start, with fresh retry budgets: a manual retry (also of a finished run)
 * or the resume service. Their earlier attempts stay on record; attempt numbers go on counting.
 */
export interface ReopenedFact {
  readonly kind: 'reopened';
  readonly at: number;
  /** Indices; everything downstream of them reopens too. Empty reopens all unfinished steps. */
  readonly steps: readonly number[];
  readonly cause: 'manual' | 'resume';
  readonly by: string;
  /** Replaces the run's input when present. */
  readonly input?: Json;
}

/** The resume service looked and a condition did not hold yet. */
export interface DeferredFact {
  readonly kind: 'deferred';
  readonly at: number;
  readonly reason: string;
}

/** The run's own time limit passed. */
export interface ExpiredFact {
  readonly kind: 'expired';
  readonly at: number;
}

export type FinalStatus = 'completed' | 'failed' | 'cancelled';

export interface FinishedFact {
  readonly kind: 'finished';
  readonly at: number;
  readonly status: FinalStatus;
  readonly output: Json;
  readonly error: RunError | null;
}

/** A task (or child run) is on its way. */
export interface DispatchedFact extends VolatileAttempt {
  readonly kind: 'dispatched';
}

/** Its runner (or child run) was told to stop. */
export interface CancelSentFact extends VolatileAttempt {
  readonly kind: 'cancelSent';
}

interface VolatileAttempt {
  readonly at: number;
  readonly step: number;
  readonly item: number;
  readonly attempt: number;
}

/** Why a run failed or was cancelled. `step` is the id of the step that failed first, if one did. */
export interface RunError extends StepError {
  readonly step: string | null;
}
