import type { Sql } from './connect.ts';
import type { RunListParameters } from './list-runs.ts';
import type { RunSummaryRow } from './run-row.ts';

/**
 * Runs with certain labels, found through the index of labels and then sorted: for labels that few
 * runs have. `workflow` null is any.
 */
export async function listRunsByLabel(
  sql: Sql,
  p: RunListParameters & { readonly isNewest: boolean },
): Promise<readonly RunSummaryRow[]> {
  return await sql<RunSummaryRow[]>`
    -- Materialised, so that nothing but the index of labels offers itself.
    with labelled as materialized (
      select id, created_at, namespace, status, workflow, labels
      from run
      where labels @> ${p.labels.equals}::text::jsonb and labels <> '{}'
    ),
    page as (
      select l.id
      from labelled l
      where
        l.namespace = any(${p.namespaces}::text[])
        and l.status = any(${p.statuses}::int2[])
        and (${p.workflow}::text is null or l.workflow = ${p.workflow}::text)
        and case
          when ${p.isNewest}::bool
          then (l.created_at, l.id) < (${p.cursor.createdAt}::int8, ${p.cursor.id}::uuid)
          else (l.created_at, l.id) > (${p.cursor.createdAt}::int8, ${p.cursor.id}::uuid)
        end
        and l.created_at >= ${p.from}::int8
        and l.created_at < ${p.to}::int8
        and l.labels ?& ${p.labels.exists}::text[]
        and not l.labels ?| ${p.labels.absent}::text[]
        and not exists (
          select
          from unnest(${p.labels.differsKeys}::text[], ${p.labels.differsValues}::text[])
            as unwanted (key, value)
          where l.labels ->> unwanted.key = unwanted.value
        )
      order by
        case when ${p.isNewest}::bool then -l.created_at else l.created_at end,
        case when ${p.isNewest}::bool then l.id end desc,
        l.id
      limit ${p.limit}::int4
    )
    select
      r.id, r.seq, r.status, r.wake_at, r.started_at, r.finished_at, r.created_at,
      r.version_number, r.parent_step, r.parent_item, r.parent_attempt, r.version_id,
      r.parent_run_id, r.namespace, r.workflow, r.created_by, r.cause_kind, r.cause_name, r.labels,
      r.error
    from page
    join run r on r.id = page.id
    order by
      case when ${p.isNewest}::bool then -r.created_at else r.created_at end,
      case when ${p.isNewest}::bool then r.id end desc,
      r.id`;
}
