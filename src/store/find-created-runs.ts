import type { NewRun, RunRecord } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';
import { runOfRow, type RunRow } from './run-row.ts';

/** The run of the same id or the same (namespace, idempotency key) for each, in the order asked. */
export async function findCreatedRuns(sql: Sql, runs: readonly NewRun[]): Promise<RunRecord[]> {
  const rows = await selectCreated(sql, runs);
  const byId = new Map(rows.map((row) => [row.id, row]));
  const byKey = new Map(rows.map((row) => [keyOf(row.namespace, row.idempotency_key), row]));
  return runs.map((run) => {
    const key = keyOf(run.namespace, run.idempotencyKey);
    const row = byId.get(run.id) ?? (key === null ? undefined : byKey.get(key));
    if (row === undefined) throw new Error(`run ${run.id} was neither created nor found`);
    return runOfRow(row);
  });
}

function keyOf(namespace: string, key: string | null): string | null {
  return key === null ? null : `${plainText(namespace)}\n${plainText(key)}`;
}

type CreatedRow = RunRow & { readonly idempotency_key: string | null };

async function selectCreated(sql: Sql, runs: readonly NewRun[]): Promise<readonly CreatedRow[]> {
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
