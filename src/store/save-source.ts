import type { SourceRecord } from '../record/source.ts';
import type { Sql } from './connect.ts';

/**
 * Inserts or replaces, but for `requestedToken` and `suspended` of a source that is there: those
 * are the API's to change, and a reconcile that has read them before must not take them back.
 * Answers the stamp of the row's new version.
 */
export async function saveSource(sql: Sql, source: SourceRecord): Promise<string> {
  const [row] = await sql<{ stamp: string }[]>`
    insert into source (name, record, requested_token, suspended)
    values (
      ${source.name}::text, ${JSON.stringify(source)}::text::json, ${source.requestedToken}::text,
      ${source.suspended}::bool
    )
    on conflict (name) do update set record = excluded.record
    returning xmin::text || ' ' || ctid::text as stamp`;
  return row?.stamp ?? '';
}
