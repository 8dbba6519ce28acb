import type { NewRun, RunRecord } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { newRunColumns } from './new-run-columns.ts';
import { plainText } from './plain-text.ts';
import { runOfRow, type RunRow } from './run-row.ts';

/**
 * Creates each run unless its id or its (namespace, idempotency key) exists; returns, in the order
 * asked, the run that exists now for each. Throws when a version does not exist.
 */
export async function createRuns(sql: Sql, runs: readonly NewRun[]): Promise<RunRecord[]> {
  if (runs.length === 0) return [];
  await insertRuns(sql, runs);
  // A second statement, so a second snapshot: it sees the run that somebody else created meanwhile.
  const rows = await findCreated(sql, runs);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byKey = new Map(rows.map((row) => [keyOf(row.namespace, row.idempotency_key), row]));
  return runs.map((run) => {
    const row = byId.get(run.id) ?? byKey.get(keyOf(run.namespace, run.idempotencyKey));
    if (row === undefined) throw new Error(`run ${run.id} was neither created nor found`);
    return runOfRow(row);
  });
}

/** Null, for a run without a key, is looked up only when its id was not found either. */
function keyOf(namespace: string, key: string | null): string | null {
  return key === null ? null : `${namespace}\n${key}`;
}

async function insertRuns(sql: Sql, runs: readonly NewRun[]): Promise<void> {
  const k = newRunColumns(runs);
  await sql`
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
    on conflict do nothing`;
}

type CreatedRow = RunRow & { readonly idempotency_key: string | null };

async function findCreated(sql: Sql, runs: readonly NewRun[]): Promise<readonly CreatedRow[]> {
  const keyed = runs.filter((run) => run.idempotencyKey !== null);
  return await sql<CreatedRow[]>`
    select
      id, seq, status, wake_at, started_at, finished_at, created_at, version_number, parent_step,
      parent_item, parent_attempt, version_id, parent_run_id, namespace, workflow, created_by,
      cause_kind, cause_name, labels, input, output, error, idempotency_key
    from run
    where id = any(${runs.map((run) => run.id)}::uuid[])
    union all
    select
      r.id, r.seq, r.status, r.wake_at, r.started_at, r.finished_at, r.created_at,
      r.version_number, r.parent_step, r.parent_item, r.parent_attempt, r.version_id,
      r.parent_run_id, r.namespace, r.workflow, r.created_by, r.cause_kind, r.cause_name, r.labels,
      r.input, r.output, r.error, r.idempotency_key
    from unnest(
      ${keyed.map((run) => plainText(run.namespace))}::text[],
      ${keyed.map((run) => plainText(run.idempotencyKey ?? ''))}::text[]
    ) as k (namespace, key)
    join run r on r.namespace = k.namespace and r.idempotency_key = k.key`;
}
