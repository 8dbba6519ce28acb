import type { FactPage, RecordedActivity } from '../api/ports.ts';
import type { Sql } from './connect.ts';
import { activityOfRow, type ActivityRow } from './list-activity.ts';
import { pageByRun, type PageByRun } from './page-by-run.ts';
import { isUuid } from './uuid.ts';

/** The entries of each run with a greater id than its own, in id order, by run. */
export async function activitySinceEach(
  sql: Sql,
  runs: readonly { readonly runId: string; readonly activity: number }[],
  page: Pick<FactPage, 'rows' | 'bytes'>,
): Promise<PageByRun<RecordedActivity>> {
  const known = runs.filter(({ runId }) => isUuid(runId));
  const rows = await sql<(ActivityRow & { readonly is_on_page: boolean })[]>`
    with found as (
      select
        a.*,
        sum(octet_length(a.message)) over (order by a.run_id, a.id rows unbounded preceding)
          - octet_length(a.message) < ${page.bytes}::int8 as is_on_page
      from unnest(
        ${known.map(({ runId }) => runId)}::uuid[], ${known.map(({ activity }) => activity)}::int8[]
      ) as seen (run_id, id)
      cross join lateral (
        select *
        from activity
        where activity.run_id = seen.run_id and activity.id > seen.id
        order by activity.id
        limit ${page.rows}::int4
      ) a
    )
    select
      id, run_id, at, step, item, attempt, level,
      case when is_on_page then message else '' end as message,
      case when is_on_page then rest end as rest,
      is_on_page
    from found
    order by run_id, id`;
  return pageByRun(rows, activityOfRow);
}
