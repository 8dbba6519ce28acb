import type { FinalStatus } from '../engine/fact.ts';
import type { Outcome } from '../task/task.ts';
import type { LookOutcome } from './reconcile.ts';
import type { MovedRun } from './run-batch.ts';

/** What the controller reports of itself; telemetry implements it. Times are ms. */
export interface ControllerMetrics {
  runStarted(workflow: string): void;
  runFinished(workflow: string, status: FinalStatus): void;
  attemptFinished(type: string, outcome: AttemptResult, tookMs: number): void;
  batchCommitted(batch: { readonly runs: number; readonly facts: number }, tookMs: number): void;
  reconciled(source: string, outcome: LookOutcome, tookMs: number): void;
  /** Runs that should have moved by now and did not: must be 0. */
  stuckRuns(count: number): void;
}

export type AttemptResult = 'completed' | 'failed_retryable' | 'failed_hard' | 'cancelled';

/** For whoever does not listen. */
export const noMetrics: ControllerMetrics = {
  runStarted: () => undefined,
  runFinished: () => undefined,
  attemptFinished: () => undefined,
  batchCommitted: () => undefined,
  reconciled: () => undefined,
  stuckRuns: () => undefined,
};

/** Reports what has been recorded of one run. */
export function countMoved(metrics: ControllerMetrics, { run, change }: MovedRun): void {
  const { workflow } = run.record;
  for (const fact of change.facts) {
    if (fact.kind === 'started') metrics.runStarted(workflow);
    if (fact.kind === 'finished') metrics.runFinished(workflow, fact.status);
    if (fact.kind !== 'attempt') continue;
    const type = run.program.steps[fact.step]?.definition.type ?? '';
    metrics.attemptFinished(type, resultOf(fact.outcome), fact.finishedAt - fact.startedAt);
  }
}

function resultOf(outcome: Outcome): AttemptResult {
  if (outcome.kind !== 'failed') return outcome.kind;
  return outcome.error.class === 'hard' ? 'failed_hard' : 'failed_retryable';
}
