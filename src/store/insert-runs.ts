import type { NewRun } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { newRunColumns } from './new-run-columns.ts';
import type { RunRow } from './run-row.ts';

/** Inserts the runs whose id and idempotency key are new; returns those, in any order. */
export async function insertRuns(sql: Sql, runs: readonly NewRun[]): Promise<readonly RunRow[]> {
  const k = newRunColumns(runs);
  return await sql<RunRow[]>`
    insert into run (
      id, seq, status, created_at, version_id, version_number, namespace, workflow, created_by,
      cause_kind, cause_name, idempotency_key, labels, input, parent_run_id, parent_step,
      parent_item, parent_attempt
    )
    select
      k.id, 0, 0, k.created_at, k.version_id,
      (select v.number from version v where v.id = k.version_id), k.namespace, k.workflow,
      k.created_by, k.cause_kind, k.cause_name, k.idempotency_key, k.labels::jsonb, k.input::json,
      k.parent_run_id, k.parent_step, k.parent_item, k.parent_attempt
    from unnest(
      ${k.id}::uuid[], ${k.createdAt}::int8[], ${k.versionId}::uuid[], ${k.namespace}::text[],
      ${k.workflow}::text[], ${k.createdBy}::text[], ${k.causeKind}::text[],
      ${k.causeName}::text[], ${k.idempotencyKey}::text[], ${k.labels}::text[], ${k.input}::text[],
      ${k.parentRunId}::uuid[], ${k.parentStep}::int4[], ${k.parentItem}::int4[],
      ${k.parentAttempt}::int4[]
    ) as k (
      id, created_at, version_id, namespace, workflow, created_by, cause_kind, cause_name,
      idempotency_key, labels, input, parent_run_id, parent_step, parent_item, parent_attempt
    )
    on conflict do nothing
    returning
      id, seq, status, wake_at, started_at, finished_at, created_at, version_number, parent_step,
      parent_item, parent_attempt, version_id, parent_run_id, namespace, workflow, created_by,
      cause_kind, cause_name, labels, input, output, error`;
}
