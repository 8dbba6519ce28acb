import type { StepError } from '../task/error.ts';
import type { Outcome, Task } from '../task/task.ts';

/** Why an attempt is stopped before its handler is done. The first cause wins. */
export type StopCause = 'cancelled' | 'timeout' | 'shutdown';

/** The reason that a handler finds in `signal.reason`. */
export function stopReason(cause: StopCause, task: Task): StepError {
  switch (cause) {
    case 'cancelled':
      return { class: 'hard', code: 'cancelled', message: `step ${task.stepId} was cancelled` };
    case 'timeout':
      return timeoutError(task);
    case 'shutdown':
      return {
        class: 'retryable',
        code: 'transient',
        message: 'this runner shuts down; the step runs again on another',
      };
  }
}

/** What a stopped attempt ends as; null is no outcome at all: its task goes to another runner. */
export function stoppedOutcome(cause: StopCause, task: Task, abandoned: boolean): Outcome | null {
  switch (cause) {
    case 'cancelled':
      return { kind: 'cancelled' };
    case 'timeout':
      return { kind: 'failed', error: timeoutError(task, abandoned) };
    case 'shutdown':
      return null;
  }
}

function timeoutError(task: Task, abandoned = false): StepError {
  const ending = abandoned ? '; it ignored the abort signal and was abandoned' : '';
  return {
    class: 'retryable',
    code: 'timeout',
    message:
      `step ${task.stepId} (${task.type}) took longer than its timeout of ${task.timeoutMs} ms` +
      `${ending}. Raise the step's timeout or make its work smaller`,
    ...(abandoned ? { details: { abandoned: true } } : {}),
  };
}

/** A task that was handed out again and again and never reported: it seems to kill its runners. */
export function runnerLost(task: Task, deliveries: number): Outcome {
  return {
    kind: 'failed',
    error: {
      class: 'retryable',
      code: 'runner_lost',
      message:
        `step ${task.stepId} (${task.type}) was handed to a runner ${deliveries - 1} times and ` +
        `none reported back; it may exhaust the memory of its runner or crash it`,
    },
  };
}
