import { create } from '@bufbuild/protobuf';
import {
  CheckpointSchema,
  CheckpointStatus,
  RunSchema,
  RunStatus,
  StepRunSchema,
  StepStatus,
  type Checkpoint,
  type Run,
  type StepRun,
} from '../../gen/behest/v1/run_pb.ts';
import type { RunRecord, RunStatus as RecordStatus } from '../../record/run.ts';
import type { RunView, StepRunView } from '../../engine/view.ts';
import type { RunSummary } from '../ports.ts';
import { shareRoom, type ShownStep } from './shown-run.ts';
import { optionalTimestamp, toTimestamp, toValue } from './dynamic.ts';
import { cutMessage, toCutError, toErrorMessage } from './error.ts';

export const runStatuses: { readonly [status in RecordStatus]: RunStatus } = {
  pending: RunStatus.PENDING,
  running: RunStatus.RUNNING,
  waiting: RunStatus.WAITING,
  pending_retry: RunStatus.PENDING_RETRY,
  paused: RunStatus.PAUSED,
  completed: RunStatus.COMPLETED,
  failed: RunStatus.FAILED,
  cancelled: RunStatus.CANCELLED,
};

const stepStatuses: { readonly [status in StepRunView['status']]: StepStatus } = {
  pending: StepStatus.PENDING,
  running: StepStatus.RUNNING,
  waiting: StepStatus.WAITING,
  completed: StepStatus.COMPLETED,
  failed: StepStatus.FAILED,
  skipped: StepStatus.SKIPPED,
  cancelled: StepStatus.CANCELLED,
};

/** The record's status; undefined for "unspecified" and numbers of later versions. */
export function fromRunStatus(status: RunStatus): RecordStatus | undefined {
  const names: readonly RecordStatus[] = [
    'pending',
    'running',
    'waiting',
    'pending_retry',
    'paused',
    'completed',
    'failed',
    'cancelled',
  ];
  return names.find((name) => runStatuses[name] === status);
}

/** A run as lists show it: without input, output and steps. */
export function toRunSummary(record: RunSummary): Run {
  return create(RunSchema, {
    id: record.id,
    namespace: record.namespace,
    workflowId: record.workflow,
    version: record.versionNumber,
    status: runStatuses[record.status],
    error: record.error === null ? undefined : toErrorMessage(record.error),
    labels: { ...record.labels },
    cause: { ...record.cause },
    createdBy: record.createdBy,
    createdAt: toTimestamp(record.createdAt),
    startedAt: optionalTimestamp(record.startedAt),
    finishedAt: optionalTimestamp(record.finishedAt),
    wakeAt: optionalTimestamp(record.wakeAt),
    seq: record.seq,
    parentRunId: record.parent?.runId ?? '',
  });
}

/** A run with everything that an answer has room for. */
export function toRun(record: RunRecord, view: RunView): Run {
  const run = toRunSummary(record);
  const { input, output, steps } = shareRoom(record, view);
  run.input = toValue(input.json);
  if (input.isOmitted) run.inputOmitted = true;
  run.output = toValue(output.json);
  if (output.isOmitted) run.outputOmitted = true;
  run.steps = steps.map(toStepRun);
  run.progress = view.progress;
  run.waitReason = view.waitReason;
  run.resumes = view.resumes;
  return run;
}

export function toStepRun({ step, output, isErrorCut }: ShownStep): StepRun {
  const toError = isErrorCut ? toCutError : toErrorMessage;
  return create(StepRunSchema, {
    index: step.index,
    id: step.id,
    name: step.name,
    type: step.type,
    phase: step.phase,
    status: stepStatuses[step.status],
    attempt: step.attempt,
    maxAttempts: step.maxAttempts,
    output: toValue(output.json),
    ...(output.isOmitted ? { outputOmitted: true } : {}),
    error: step.error === null ? undefined : toError(step.error),
    startedAt: optionalTimestamp(step.startedAt),
    finishedAt: optionalTimestamp(step.finishedAt),
    wakeAt: optionalTimestamp(step.wakeAt),
    waitReason: step.skipReason ?? step.waitReason,
    items: step.items === null ? undefined : { ...step.items },
  });
}

/** The outcome of a step's latest attempt; null while it has none. */
export function toCheckpoint({ step, output, isErrorCut }: ShownStep): Checkpoint | null {
  const status = checkpointStatus(step);
  if (status === null) return null;
  const checkpoint = create(CheckpointSchema, {
    status,
    stepId: step.id,
    stepName: step.name,
    attempt: step.attempt,
    finishedAt: optionalTimestamp(step.finishedAt),
  });
  if (status === CheckpointStatus.COMPLETED) {
    checkpoint.output = toValue(output.json);
    if (output.isOmitted) checkpoint.outputOmitted = true;
  } else if (step.error !== null) {
    checkpoint.error = isErrorCut ? cutMessage(step.error.message) : step.error.message;
    checkpoint.errorCode = step.error.code;
  }
  return checkpoint;
}

function checkpointStatus({ status, error }: StepRunView): CheckpointStatus | null {
  if (status === 'completed') return CheckpointStatus.COMPLETED;
  if (status === 'skipped') return CheckpointStatus.SKIPPED;
  if (status === 'cancelled' && error === null) return CheckpointStatus.CANCELLED;
  // A step that waits for its next attempt still shows how the last one failed.
  if (error === null) return null;
  return error.class === 'retryable'
    ? CheckpointStatus.FAILED_RETRYABLE
    : CheckpointStatus.FAILED_HARD;
}
