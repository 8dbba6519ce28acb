import type { SourceRecord } from '../record/source.ts';
import type { Sql } from './connect.ts';

export async function loadSource(sql: Sql, name: string): Promise<SourceRecord | null> {
  const [row] = await sql<{ record: SourceRecord }[]>`
    select record from source where name = ${name}::text`;
  return row?.record ?? null;
}
