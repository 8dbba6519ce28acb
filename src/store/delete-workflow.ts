import { randomUUID } from 'node:crypto';

import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';

/**
 * Marks it deleted; true when it was there and alive. Its runs and versions stay. A source that owns
 * it is asked to compare, as it may declare it still.
 */
export async function deleteWorkflow(
  sql: Sql,
  ref: { readonly namespace: string; readonly name: string },
  now: number,
): Promise<boolean> {
  const rows = await sql`
    with gone as (
    update workflow
    set deleted_at = ${now}::int8, updated_at = ${now}::int8
    where
      namespace = ${plainText(ref.namespace)}::text and name = ${plainText(ref.name)}::text
      and deleted_at is null and version_id is not null
    returning id, owner
    ), asked as (
      update source
      set requested_token = ${`drift-${randomUUID()}`}::text
      from gone
      where gone.owner = source.name
    )
    select id from gone`;
  return rows.length === 1;
}
