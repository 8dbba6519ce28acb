import type { RunError } from '../engine/fact.ts';
import type { Json } from '../expr/json.ts';
import type { Cause, ParentStep, RunRecord } from '../record/run.ts';
import { statusOf } from './run-status.ts';

/** A row of `run` as the statements select it. */
export interface RunRow {
  readonly id: string;
  readonly seq: number;
  readonly status: number;
  readonly wake_at: number | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly created_at: number;
  readonly version_number: number;
  readonly parent_step: number | null;
  readonly parent_item: number | null;
  readonly parent_attempt: number | null;
  readonly version_id: string;
  readonly parent_run_id: string | null;
  readonly namespace: string;
  readonly workflow: string;
  readonly created_by: string;
  readonly cause_kind: string;
  readonly cause_name: string;
  readonly labels: { readonly [name: string]: string };
  readonly input: Json;
  readonly output: Json;
  readonly error: RunError | null;
}

/** A row of a list: what a run was given and has made is not read. */
export type RunSummaryRow = Omit<RunRow, 'input' | 'output'>;

export function runOfRow(row: RunRow): RunRecord {
  return {
    id: row.id,
    namespace: row.namespace,
    workflow: row.workflow,
    versionId: row.version_id,
    versionNumber: row.version_number,
    status: statusOf(row.status),
    seq: row.seq,
    input: row.input,
    output: row.output,
    error: row.error,
    labels: row.labels,
    cause: { kind: row.cause_kind as Cause['kind'], name: row.cause_name },
    createdBy: row.created_by,
    createdAt: row.created_at,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    wakeAt: row.wake_at,
    parent: parentOfRow(row),
  };
}

function parentOfRow(row: RunRow): ParentStep | null {
  if (row.parent_run_id === null) return null;
  return {
    runId: row.parent_run_id,
    step: row.parent_step ?? 0,
    item: row.parent_item ?? 0,
    attempt: row.parent_attempt ?? 0,
  };
}
