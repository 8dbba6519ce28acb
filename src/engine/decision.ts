import { type AttemptNumbers, taskId } from '../task/task.ts';
import { namedUuid } from './hash.ts';
import type { SkipReason, FinalStatus } from './fact.ts';
import type { StepError } from '../task/error.ts';

/** What happens next. Every unfinished step has one; waiting is one, with a reason. */
export type Decision =
  /** The run leaves `pending`. */
  | { readonly kind: 'start' }
  /** Evaluate the step's `forEach` list. */
  | { readonly kind: 'expand'; readonly step: number }
  | { readonly kind: 'skip'; readonly step: number; readonly reason: SkipReason }
  /** Settle this attempt in the controller: a pure node type, or a timer that is due. */
  | ({ readonly kind: 'evaluate' } & AttemptRef)
  /** Send this attempt to a runner. */
  | ({ readonly kind: 'dispatch' } & AttemptRef)
  /** Start the child run of this attempt. */
  | ({ readonly kind: 'startChild'; readonly runId: string } & AttemptRef)
  /** Record this attempt as failed before it began: its `when` could not be evaluated. */
  | ({ readonly kind: 'fail'; readonly error: StepError } & AttemptRef)
  /** Stop an attempt that is under way. */
  | ({ readonly kind: 'cancelTask'; readonly child: boolean } & AttemptRef)
  /** Nobody acknowledged the cancellation in time: record it as cancelled. */
  | ({ readonly kind: 'abandon' } & AttemptRef)
  /** Check the resume conditions; if they hold, reopen these steps. */
  | { readonly kind: 'resume'; readonly steps: readonly number[] }
  /** The run's time limit has passed. */
  | { readonly kind: 'expire' }
  | { readonly kind: 'finish'; readonly status: FinalStatus }
  | WaitDecision;

export interface WaitDecision {
  readonly kind: 'wait';
  /** Null for the run as a whole. */
  readonly step: number | null;
  readonly reason: WaitReason;
  /** When time alone changes it, epoch ms; null when something else must happen. */
  readonly wakeAt: number | null;
}

export type WaitReason =
  | 'needs' // upstream steps have not ended
  | 'phase' // an earlier phase has not ended
  | 'section' // onFailure and finally come later
  | 'runner' // its task is queued or under way
  | 'child' // its child run has not ended
  | 'retry' // backing off after a retryable error
  | 'resume' // retries spent; the resume service will look again
  | 'timer' // a durable wait
  | 'cancelling'; // told to stop, not yet acknowledged

/** The child run of an attempt: the same id whoever starts or stops it. */
export function childRunId(runId: string, attempt: AttemptRef): string {
  return namedUuid(taskId(runId, attempt));
}

export type AttemptRef = AttemptNumbers;

/**
 * Names a decision for ever: from the run, the step, the item, the attempt and the kind.
 * The same decision made twice, by whomever, has the same id.
 */
export function decisionId(runId: string, decision: Decision): string {
  const step = 'step' in decision && decision.step !== null ? decision.step : '';
  const attempt = 'attempt' in decision ? `.${decision.item}.${decision.attempt}` : '';
  return `${runId}.${step}${attempt}.${decision.kind}`;
}
