import type { SourceRecord } from '../record/source.ts';
import type { Sql } from './connect.ts';
import { sourceOfRow, type SourceRow } from './load-source.ts';
import { plainText } from './plain-text.ts';

/** Sets `suspended`; null when there is no such source. */
export async function suspendSource(
  sql: Sql,
  name: string,
  suspended: boolean,
): Promise<SourceRecord | null> {
  const [row] = await sql<SourceRow[]>`
    update source
    set suspended = ${suspended}::bool
    where name = ${plainText(name)}::text
    returning record, requested_token, suspended`;
  return row === undefined ? null : sourceOfRow(row);
}
