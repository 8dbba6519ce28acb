import type { NewRun } from '../record/run.ts';
import { jsonText, plainMap, plainText } from './plain-text.ts';

/** A run to be inserted, ready to be sent. */
export function newRunValues(run: NewRun) {
  return {
    id: run.id,
    createdAt: run.createdAt,
    versionId: run.versionId,
    namespace: plainText(run.namespace),
    workflow: plainText(run.workflow),
    createdBy: plainText(run.createdBy),
    causeKind: run.cause.kind,
    causeName: plainText(run.cause.name),
    idempotencyKey: run.idempotencyKey === null ? null : plainText(run.idempotencyKey),
    labels: plainMap(run.labels),
    input: jsonText(run.input),
    parentRunId: run.parent?.runId ?? null,
    parentStep: run.parent?.step ?? null,
    parentItem: run.parent?.item ?? null,
    parentAttempt: run.parent?.attempt ?? null,
  };
}

/** The same for many, as one array per column. */
export function newRunColumns(runs: readonly NewRun[]) {
  const rows = runs.map(newRunValues);
  return {
    id: rows.map((row) => row.id),
    createdAt: rows.map((row) => row.createdAt),
    versionId: rows.map((row) => row.versionId),
    namespace: rows.map((row) => row.namespace),
    workflow: rows.map((row) => row.workflow),
    createdBy: rows.map((row) => row.createdBy),
    causeKind: rows.map((row) => row.causeKind),
    causeName: rows.map((row) => row.causeName),
    idempotencyKey: rows.map((row) => row.idempotencyKey),
    labels: rows.map((row) => row.labels),
    input: rows.map((row) => row.input),
    parentRunId: rows.map((row) => row.parentRunId),
    parentStep: rows.map((row) => row.parentStep),
    parentItem: rows.map((row) => row.parentItem),
    parentAttempt: rows.map((row) => row.parentAttempt),
  };
}
