import type { Sql } from './connect.ts';

/** Runs with a request in their inbox, and pending ones never started, each kind oldest first. */
export async function neglectedRuns(sql: Sql, limit: number): Promise<string[]> {
  const rows = await sql<{ id: string }[]>`
    (
      select run_id as id
      from request
      group by run_id
      order by min(created_at)
      limit ${limit}::int4
    )
    union
    (
      select id
      from run
      where status = 0
      order by created_at
      limit ${limit}::int4
    )
    limit ${limit}::int4`;
  return rows.map((row) => row.id);
}
