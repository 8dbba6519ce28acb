import type { Sql } from './connect.ts';
import { isUuid } from './uuid.ts';

/** The sequence number that each of these runs has now; unknown ids are left out. */
export async function currentSeqs(
  sql: Sql,
  runIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const known = runIds.filter(isUuid);
  if (known.length === 0) return new Map();
  const rows = await sql<{ id: string; seq: number }[]>`
    select id, seq from run where id = any(${known}::uuid[])`;
  return new Map(rows.map((row) => [row.id, row.seq]));
}
