import type { NewRun } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { newRunValues } from './new-run-columns.ts';
import type { RunRow } from './run-row.ts';

/**
 * `insertRuns` for a single run: null when its id or idempotency key is there. One value a column
 * instead of arrays: 0.35 ms instead of 0.44.
 */
export async function insertRun(sql: Sql, run: NewRun): Promise<RunRow | null> {
  const v = newRunValues(run);
  const [row] = await sql<RunRow[]>`
    insert into run (
      id, seq, status, created_at, version_id, version_number, namespace, workflow, created_by,
      cause_kind, cause_name, idempotency_key, labels, input, parent_run_id, parent_step,
      parent_item, parent_attempt
    )
    values (
      ${v.id}::uuid, 0, 0, ${v.createdAt}::int8, ${v.versionId}::uuid,
      (select number from version where id = ${v.versionId}::uuid), ${v.namespace}::text,
      ${v.workflow}::text, ${v.createdBy}::text, ${v.causeKind}::text, ${v.causeName}::text,
      ${v.idempotencyKey}::text, ${v.labels}::text::jsonb, ${v.input}::text::json,
      ${v.parentRunId}::uuid, ${v.parentStep}::int4, ${v.parentItem}::int4,
      ${v.parentAttempt}::int4
    )
    on conflict do nothing
    returning
      id, seq, status, wake_at, started_at, finished_at, created_at, version_number, parent_step,
      parent_item, parent_attempt, version_id, parent_run_id, namespace, workflow, created_by,
      cause_kind, cause_name, labels, input, output, error`;
  return row ?? null;
}
