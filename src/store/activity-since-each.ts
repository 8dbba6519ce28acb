import type { RecordedActivity } from '../api/ports.ts';
import type { Sql } from './connect.ts';
import { activityOfRow, type ActivityRow } from './list-activity.ts';
import { isUuid } from './uuid.ts';

/** The entries of each run with a greater id than its own, in id order, by run. */
export async function activitySinceEach(
  sql: Sql,
  runs: readonly { readonly runId: string; readonly activity: number }[],
  limit: number,
): Promise<ReadonlyMap<string, RecordedActivity[]>> {
  const known = runs.filter(({ runId }) => isUuid(runId));
  const rows = await sql<ActivityRow[]>`
    select a.id, a.run_id, a.at, a.step, a.item, a.attempt, a.level, a.message, a.rest
    from unnest(
      ${known.map(({ runId }) => runId)}::uuid[], ${known.map(({ activity }) => activity)}::int8[]
    ) as seen (run_id, id)
    cross join lateral (
      select *
      from activity
      where activity.run_id = seen.run_id and activity.id > seen.id
      order by activity.id
      limit ${limit}::int4
    ) a
    order by a.run_id, a.id`;
  const entries = new Map<string, RecordedActivity[]>();
  for (const row of rows) {
    const own = entries.get(row.run_id);
    if (own === undefined) entries.set(row.run_id, [activityOfRow(row)]);
    else own.push(activityOfRow(row));
  }
  return entries;
}
