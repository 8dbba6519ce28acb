import type { SourceRecord } from '../record/source.ts';
import type { Sql } from './connect.ts';
import { sourceOfRow, type SourceRow } from './load-source.ts';

/** All sources, by name. */
export async function listSources(sql: Sql): Promise<SourceRecord[]> {
  const rows = await sql<SourceRow[]>`
    select record, requested_token, suspended from source order by name`;
  return rows.map(sourceOfRow);
}
