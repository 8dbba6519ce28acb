import type { Sql } from './connect.ts';
import type { RunListParameters } from './list-runs.ts';
import type { RunSummaryRow } from './run-row.ts';

/** Newest runs first: the first of each status and namespace from the index, merged. */
export async function listNewest(
  sql: Sql,
  p: RunListParameters,
): Promise<readonly RunSummaryRow[]> {
  return await sql<RunSummaryRow[]>`
    select
      r.id, r.seq, r.status, r.wake_at, r.started_at, r.finished_at, r.created_at,
      r.version_number, r.parent_step, r.parent_item, r.parent_attempt, r.version_id,
      r.parent_run_id, r.namespace, r.workflow, r.created_by, r.cause_kind, r.cause_name, r.labels,
      r.error
    from unnest(${p.namespaces}::text[]) as n (namespace)
    cross join unnest(${p.statuses}::int2[]) as s (status)
    cross join lateral (
      select *
      from run
      where
        run.namespace = n.namespace
        and run.status = s.status
        and (run.created_at, run.id) < (${p.cursor.createdAt}::int8, ${p.cursor.id}::uuid)
        and run.created_at >= ${p.from}::int8
        and run.created_at < ${p.to}::int8
        and run.labels @> ${p.labels.equals}::text::jsonb
        and run.labels ?& ${p.labels.exists}::text[]
        and not run.labels ?| ${p.labels.absent}::text[]
        and not exists (
          select
          from unnest(${p.labels.differsKeys}::text[], ${p.labels.differsValues}::text[])
            as unwanted (key, value)
          where run.labels ->> unwanted.key = unwanted.value
        )
      order by run.created_at desc, run.id desc
      limit ${p.limit}::int4
    ) r
    order by r.created_at desc, r.id desc
    limit ${p.limit}::int4`;
}
