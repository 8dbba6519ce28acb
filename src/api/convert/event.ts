import { create } from '@bufbuild/protobuf';
import {
  LogEntrySchema,
  LogLevel,
  RunEventSchema,
  type LogEntry,
  type RunEvent,
} from '../../gen/behest/v1/event_pb.ts';
import { CheckpointStatus } from '../../gen/behest/v1/run_pb.ts';
import type { Graph } from '../../graph/graph.ts';
import type { ActivityLevel } from '../../task/task.ts';
import { NO_ITEM } from '../../task/task.ts';
import type { NarratedEvent } from '../../engine/narrate.ts';
import { showAlone } from '../answer-size.ts';
import type { RecordedActivity } from '../ports.ts';
import { optionalTimestamp, toTimestamp, toValue } from './dynamic.ts';
import { toErrorClass } from './error.ts';
import { runStatuses } from './run.ts';

/** What the events of one run have in common. */
export interface EventContext {
  readonly runId: string;
  readonly graph: Graph;
}

const levels: { readonly [level in ActivityLevel]: LogLevel } = {
  debug: LogLevel.DEBUG,
  info: LogLevel.INFO,
  warn: LogLevel.WARN,
  error: LogLevel.ERROR,
};

/** The least level to show; unspecified shows all. */
export function fromLogLevel(level: LogLevel): ActivityLevel {
  const names: readonly ActivityLevel[] = ['debug', 'info', 'warn', 'error'];
  return names.find((name) => levels[name] === level) ?? 'debug';
}

/** Without a cursor: that depends on who watches. */
export function toRunEvent(context: EventContext, told: NarratedEvent): RunEvent {
  const { runId } = context;
  return create(RunEventSchema, { runId, at: toTimestamp(told.at), event: toCase(context, told) });
}

type EventCase = NonNullable<Parameters<typeof create<typeof RunEventSchema>>[1]>['event'];

function toCase(context: EventContext, told: NarratedEvent): NonNullable<EventCase> {
  switch (told.kind) {
    case 'status': {
      const wakeAt = optionalTimestamp(told.wakeAt);
      return {
        case: 'status',
        value: { status: runStatuses[told.status], reason: told.reason, wakeAt },
      };
    }
    case 'progress':
      return {
        case: 'progress',
        value: { ...nameStep(context, told.step), progress: told.progress },
      };
    case 'checkpoint':
      return toCheckpointCase(context, told);
    case 'complete': {
      const { json, isOmitted } = showAlone(told.result);
      const omission = isOmitted ? { resultOmitted: true } : {};
      return { case: 'complete', value: { result: toValue(json), ...omission } };
    }
    case 'error':
      return toErrorCase(context, told);
  }
}

function nameStep(
  { graph }: EventContext,
  step: number,
): { step: number; stepId: string; stepName: string } {
  const definition = graph.steps[step];
  return { step, stepId: definition?.id ?? '', stepName: definition?.name ?? '' };
}

function toCheckpointCase(
  context: EventContext,
  told: Extract<NarratedEvent, { kind: 'checkpoint' }>,
): NonNullable<EventCase> {
  const { error, status } = told;
  const output = showAlone(told.output);
  return {
    case: 'checkpoint',
    value: {
      ...nameStep(context, told.step),
      attempt: told.attempt,
      status: checkpointStatus(told),
      output: status === 'completed' ? toValue(output.json) : undefined,
      ...(output.isOmitted ? { outputOmitted: true } : {}),
      ...(told.item === null ? {} : { item: told.item }),
      ...(error === null ? {} : { error: error.message, errorCode: error.code }),
    },
  };
}

function checkpointStatus(told: Extract<NarratedEvent, { kind: 'checkpoint' }>): CheckpointStatus {
  switch (told.status) {
    case 'completed':
      return CheckpointStatus.COMPLETED;
    case 'skipped':
      return CheckpointStatus.SKIPPED;
    case 'cancelled':
      return CheckpointStatus.CANCELLED;
    case 'failed':
      return told.error?.class === 'retryable'
        ? CheckpointStatus.FAILED_RETRYABLE
        : CheckpointStatus.FAILED_HARD;
  }
}

function toErrorCase(
  context: EventContext,
  { error, status }: Extract<NarratedEvent, { kind: 'error' }>,
): NonNullable<EventCase> {
  const step = context.graph.steps.findIndex(({ id }) => id === error?.step);
  return {
    case: 'error',
    value: {
      error: error?.message ?? `The run ${status === 'failed' ? 'failed' : 'was cancelled'}.`,
      status: runStatuses[status],
      code: error?.code ?? '',
      actions: ['VIEW_DETAILS', 'RETRY'],
      ...(error === null ? {} : { class: toErrorClass(error) }),
      ...(step === -1 ? {} : nameStep(context, step)),
    },
  };
}

/** An activity entry as a watcher sees it: one with progress is a progress event. */
export function toActivityEvent(
  context: EventContext,
  recorded: RecordedActivity,
  runProgress: number,
): RunEvent {
  const { entry } = recorded;
  const at = toTimestamp(entry.at);
  const { runId } = context;
  if (entry.progress === undefined) {
    const value = toLogEntry(context, recorded);
    return create(RunEventSchema, { runId, at, event: { case: 'log', value } });
  }
  // The step's own share of the run, on top of the steps that have ended.
  const share = (100 / Math.max(1, context.graph.steps.length)) * entry.progress;
  const value = {
    ...nameStep(context, entry.step),
    progress: Math.min(100, Math.round((runProgress + share) * 10) / 10),
    stepProgress: entry.progress,
    message: entry.message,
  };
  return create(RunEventSchema, { runId, at, event: { case: 'progress', value } });
}

export function toLogEntry({ graph }: EventContext, { id, entry }: RecordedActivity): LogEntry {
  return create(LogEntrySchema, {
    cursor: String(id),
    at: toTimestamp(entry.at),
    level: levels[entry.level],
    message: entry.message,
    step: entry.step,
    stepId: graph.steps[entry.step]?.id ?? '',
    attempt: entry.attempt,
    entityTag: entry.entityTag ?? '',
    entityRoute: entry.entityRoute ?? '',
    entityId: entry.entityId ?? '',
    entityType: entry.entityType ?? '',
    stats: { ...entry.stats },
    ...(entry.item === NO_ITEM ? {} : { item: entry.item }),
    ...(entry.progress === undefined ? {} : { progress: entry.progress }),
  });
}
