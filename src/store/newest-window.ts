import type { Sql } from './connect.ts';
import type { RunListParameters } from './list-runs.ts';

/**
 * When the oldest of the `size` newest runs that a list looks at was created; 0 when there are not
 * so many, so that the window holds them all.
 */
export async function newestWindow(sql: Sql, p: RunListParameters, size: number): Promise<number> {
  const [row] = await sql<{ start: number }[]>`
    select case when count(*) < ${size}::int4 then 0 else min(created_at) end as start
    from (
      select r.created_at
      from unnest(${p.namespaces}::text[]) as n (namespace)
      cross join unnest(${p.statuses}::int2[]) as s (status)
      cross join lateral (
        select run.created_at
        from run
        where
          run.namespace = n.namespace
          and run.status = s.status
          and run.created_at <= ${p.cursor.createdAt}::int8
          and run.created_at < ${p.to}::int8
        order by run.created_at desc
        limit ${size}::int4
      ) r
      order by r.created_at desc
      limit ${size}::int4
    ) newest`;
  return row?.start ?? 0;
}
