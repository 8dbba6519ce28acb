import { create } from '@bufbuild/protobuf';
import { ExecutionSchema, type Execution } from '../../gen/behest/v1/run_service_pb.ts';
import { optionalTimestamp, toTimestamp, toValue } from '../convert/dynamic.ts';
import { runStatuses, toCheckpoint } from '../convert/run.ts';
import { shareRoom } from '../convert/shown-run.ts';
import type { ViewedRun } from './load-run.ts';

/** A run with its checkpoints by step index and by step id. */
export function toExecution({ run, view }: ViewedRun): Execution {
  const { input, output, steps } = shareRoom(run, view, { copies: 2 });
  const execution = create(ExecutionSchema, {
    success: true,
    jobId: run.id,
    workflowId: run.workflow,
    status: runStatuses[run.status],
    currentStep: currentStep(view.steps.map(({ status }) => status)),
    retryCount: view.resumes,
    input: toValue(input.json),
    result: toValue(output.json),
    createdAt: toTimestamp(run.createdAt),
    startedAt: optionalTimestamp(run.startedAt),
    finishedAt: optionalTimestamp(run.finishedAt),
    nextRetryAt: optionalTimestamp(run.wakeAt),
  });
  if (input.isOmitted) execution.inputOmitted = true;
  if (output.isOmitted) execution.resultOmitted = true;
  if (run.error !== null) execution.error = run.error.message;
  for (const shown of steps) {
    const checkpoint = toCheckpoint(shown);
    if (checkpoint === null) continue;
    execution.checkpoints[shown.step.index] = checkpoint;
    execution.checkpointsById[shown.step.id] = checkpoint;
  }
  return execution;
}

function currentStep(statuses: readonly string[]): number {
  const ended = ['completed', 'skipped', 'cancelled'];
  const index = statuses.findIndex((status) => !ended.includes(status));
  return index === -1 ? statuses.length : index;
}
