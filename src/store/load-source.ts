import type { SourceRecord } from '../record/source.ts';
import type { Sql } from './connect.ts';

/** A row of `source`; its last two columns are newer than what `record` says. */
export interface SourceRow {
  readonly record: SourceRecord;
  readonly requested_token: string;
  readonly suspended: boolean;
}

export function sourceOfRow(row: SourceRow): SourceRecord {
  return { ...row.record, requestedToken: row.requested_token, suspended: row.suspended };
}

export async function loadSource(sql: Sql, name: string): Promise<SourceRecord | null> {
  const [row] = await sql<SourceRow[]>`
    select record, requested_token, suspended from source where name = ${name}::text`;
  return row === undefined ? null : sourceOfRow(row);
}
