import type { Sql } from './connect.ts';
import { isUuid, NIL_UUID } from './uuid.ts';

/** Unfinished runs after this id (empty is the beginning), in id order. */
export async function unfinishedRuns(sql: Sql, afterId: string, limit: number): Promise<string[]> {
  const after = isUuid(afterId) ? afterId : NIL_UUID;
  const rows = await sql<{ id: string }[]>`
    select id
    from run
    where id > ${after}::uuid and status < 10
    order by id
    limit ${limit}::int4`;
  return rows.map((row) => row.id);
}
