import { create } from '@bufbuild/protobuf';
import {
  EventSchema,
  SourceSchema,
  type Event,
  type Source,
} from '../../gen/behest/v1/source_pb.ts';
import type { EventRecord } from '../../record/run.ts';
import type { SourceRecord } from '../../record/source.ts';
import { toTimestamp } from './dynamic.ts';
import { toProblem } from './error.ts';

export function toSource(record: SourceRecord): Source {
  return create(SourceSchema, {
    name: record.name,
    kind: record.kind,
    location: record.location,
    ref: record.ref,
    suspended: record.suspended,
    lastAttemptedRevision: record.lastAttemptedRevision,
    lastAppliedRevision: record.lastAppliedRevision,
    conditions: record.conditions.map(({ lastTransitionAt, ...condition }) => ({
      ...condition,
      lastTransitionAt: toTimestamp(lastTransitionAt),
    })),
    problems: record.problems.map(toProblem),
    inventory: record.inventory.map((entry) => ({ ...entry })),
    updatedAt: toTimestamp(record.updatedAt),
  });
}

export function toEvent(record: EventRecord): Event {
  return create(EventSchema, {
    id: record.id,
    namespace: record.namespace,
    kind: record.kind,
    name: record.name,
    type: record.type,
    reason: record.reason,
    message: record.message,
    count: record.count,
    firstAt: toTimestamp(record.firstAt),
    lastAt: toTimestamp(record.lastAt),
  });
}
