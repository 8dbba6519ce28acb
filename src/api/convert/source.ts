import { create } from '@bufbuild/protobuf';
import {
  EventSchema,
  SourceSchema,
  type Event,
  type Source,
} from '../../gen/behest/v1/source_pb.ts';
import type { EventRecord } from '../../record/run.ts';
import type { FileProblem, InventoryEntry, SourceRecord } from '../../record/source.ts';
import { countFitting, MAX_DATA_BYTES, sizeOf } from '../answer-size.ts';
import { toTimestamp } from './dynamic.ts';
import { toProblem } from './error.ts';

/** With the first of its problems and of its inventory, as many as have room. */
export function toSource(record: SourceRecord, room = MAX_DATA_BYTES): Source {
  const problems = firstFitting(record.problems, room / 2);
  const inventory = firstFitting(record.inventory, room / 2);
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
    problems: problems.map(toProblem),
    problemCount: record.problems.length,
    inventory: inventory.map((entry) => ({ ...entry })),
    objectCount: record.inventory.length,
    updatedAt: toTimestamp(record.updatedAt),
  });
}

function firstFitting<T extends FileProblem | InventoryEntry>(
  entries: readonly T[],
  room: number,
): readonly T[] {
  // Flat objects of texts and numbers: as data they take more than as messages of their own.
  const sizes = entries.map((entry) => sizeOf({ ...entry }));
  return entries.slice(0, countFitting(sizes, room));
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
