import type { Sql } from './connect.ts';

/** Unfinished runs whose wakeAt has passed, oldest first. */
export async function dueRuns(sql: Sql, now: number, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    select id
    from run
    where wake_at <= ${now}::int8 and status < 10
    order by wake_at
    limit ${limit}::int4`;
  return rows.map((row) => row.id);
}
