import type { NewRun } from '../record/run.ts';
import { jsonText, plainMap, plainText } from './plain-text.ts';

/** Runs to be inserted, as one array per column. */
export function newRunColumns(runs: readonly NewRun[]) {
  return {
    id: runs.map((run) => run.id),
    createdAt: runs.map((run) => run.createdAt),
    versionId: runs.map((run) => run.versionId),
    namespace: runs.map((run) => plainText(run.namespace)),
    workflow: runs.map((run) => plainText(run.workflow)),
    createdBy: runs.map((run) => plainText(run.createdBy)),
    causeKind: runs.map((run) => run.cause.kind),
    causeName: runs.map((run) => plainText(run.cause.name)),
    idempotencyKey: runs.map(({ idempotencyKey: key }) => (key === null ? null : plainText(key))),
    labels: runs.map((run) => plainMap(run.labels)),
    input: runs.map((run) => jsonText(run.input)),
    parentRunId: runs.map((run) => run.parent?.runId ?? null),
    parentStep: runs.map((run) => run.parent?.step ?? null),
    parentItem: runs.map((run) => run.parent?.item ?? null),
    parentAttempt: runs.map((run) => run.parent?.attempt ?? null),
  };
}
