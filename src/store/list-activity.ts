import type { ActivityQuery, RecordedActivity } from '../api/ports.ts';
import type { ActivityEntry } from '../task/task.ts';
import { levelCode, levelOf } from './activity-level.ts';
import type { Sql } from './connect.ts';
import { isUuid } from './uuid.ts';

export interface ActivityRow {
  readonly id: number;
  readonly run_id: string;
  readonly at: number;
  readonly step: number;
  readonly item: number;
  readonly attempt: number;
  readonly level: number;
  readonly message: string;
  readonly rest: Partial<ActivityEntry> | null;
}

/** Entries of a run with a greater id, in id order. `saveActivity` says why none comes late. */
export async function listActivity(sql: Sql, query: ActivityQuery): Promise<RecordedActivity[]> {
  if (!isUuid(query.runId)) return [];
  const rows = await sql<ActivityRow[]>`
    select id, run_id, at, step, item, attempt, level, message, rest
    from activity
    where
      run_id = ${query.runId}::uuid
      and id > ${query.afterId}::int8
      and (${query.step}::int4 is null or step = ${query.step}::int4)
      and level >= ${levelCode(query.minLevel)}::int2
    order by id
    limit ${query.limit}::int4`;
  return rows.map(activityOfRow);
}

export function activityOfRow(row: ActivityRow): RecordedActivity {
  return { id: row.id, entry: entryOfRow(row) };
}

function entryOfRow(row: ActivityRow): ActivityEntry {
  return {
    runId: row.run_id,
    step: row.step,
    item: row.item,
    attempt: row.attempt,
    at: row.at,
    level: levelOf(row.level),
    message: row.message,
    ...row.rest,
  };
}
