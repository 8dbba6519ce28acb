import type { SourceRecord } from '../record/source.ts';
import type { Sql } from './connect.ts';

/** Inserts or replaces. */
export async function saveSource(sql: Sql, source: SourceRecord): Promise<void> {
  await sql`
    insert into source (name, record)
    values (${source.name}::text, ${JSON.stringify(source)}::text::json)
    on conflict (name) do update set record = excluded.record`;
}
