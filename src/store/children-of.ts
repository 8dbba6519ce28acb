import type { Sql } from './connect.ts';
import { isUuid } from './uuid.ts';

/** Unfinished children of a run. */
export async function childrenOf(sql: Sql, runId: string): Promise<string[]> {
  if (!isUuid(runId)) return [];
  const rows = await sql<{ id: string }[]>`
    select id
    from run
    where parent_run_id = ${runId}::uuid and status < 10
    order by id`;
  return rows.map((row) => row.id);
}
