import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';

/** Marks it deleted; true when it was there and alive. Its runs and versions stay. */
export async function deleteWorkflow(
  sql: Sql,
  ref: { readonly namespace: string; readonly name: string },
  now: number,
): Promise<boolean> {
  const rows = await sql`
    update workflow
    set deleted_at = ${now}::int8, updated_at = ${now}::int8
    where
      namespace = ${plainText(ref.namespace)}::text and name = ${plainText(ref.name)}::text
      and deleted_at is null and version_id is not null
    returning id`;
  return rows.length === 1;
}
