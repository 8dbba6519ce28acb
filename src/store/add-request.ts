import type { RunRequest } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';

/** Puts a request into its run's inbox; the same id twice is once. Throws when the run is unknown. */
export async function addRequest(sql: Sql, request: RunRequest): Promise<void> {
  const rows = await sql`
    with target as (
      select id from run where id = ${request.runId}::uuid
    ),
    added as (
      insert into request (id, run_id, created_at, by, body)
      select
        ${plainText(request.id)}::text, target.id, ${request.createdAt}::int8,
        ${plainText(request.by)}::text, ${JSON.stringify(request.body)}::text::json
      from target
      on conflict (id) do nothing
    )
    select id from target`;
  if (rows.length === 0) throw new Error(`run ${request.runId} does not exist`);
}
