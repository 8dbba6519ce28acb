import { create } from '@bufbuild/protobuf';
import { ExecutionSchema, type Execution } from '../../gen/behest/v1/run_service_pb.ts';
import { optionalTimestamp, toTimestamp, toValue } from '../convert/dynamic.ts';
import { runStatuses, toCheckpoint } from '../convert/run.ts';
import type { ViewedRun } from './load-run.ts';

/** A run with its checkpoints by step index and by step id. */
export function toExecution({ run, view }: ViewedRun): Execution {
  const execution = create(ExecutionSchema, {
    success: true,
    jobId: run.id,
    workflowId: run.workflow,
    status: runStatuses[run.status],
    currentStep: currentStep(view.steps.map(({ status }) => status)),
    retryCount: view.resumes,
    input: toValue(run.input),
    result: toValue(run.output),
    createdAt: toTimestamp(run.createdAt),
    startedAt: optionalTimestamp(run.startedAt),
    finishedAt: optionalTimestamp(run.finishedAt),
    nextRetryAt: optionalTimestamp(run.wakeAt),
  });
  if (run.error !== null) execution.error = run.error.message;
  for (const step of view.steps) {
    const checkpoint = toCheckpoint(step);
    if (checkpoint === null) continue;
    execution.checkpoints[step.index] = checkpoint;
    execution.checkpointsById[step.id] = checkpoint;
  }
  return execution;
}

function currentStep(statuses: readonly string[]): number {
  const ended = ['completed', 'skipped', 'cancelled'];
  const index = statuses.findIndex((status) => !ended.includes(status));
  return index === -1 ? statuses.length : index;
}
