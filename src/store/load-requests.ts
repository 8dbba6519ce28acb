import type { RunRequest } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { isUuid } from './uuid.ts';

interface RequestRow {
  readonly id: string;
  readonly run_id: string;
  readonly created_at: number;
  readonly by: string;
  readonly body: RunRequest['body'];
}

/** The waiting requests of these runs, oldest first. */
export async function loadRequests(sql: Sql, runIds: readonly string[]): Promise<RunRequest[]> {
  const known = runIds.filter(isUuid);
  if (known.length === 0) return [];
  const rows = await sql<RequestRow[]>`
    select id, run_id, created_at, by, body
    from request
    where run_id = any(${known}::uuid[])
    order by created_at, id`;
  return rows.map((row) => ({
    id: row.id,
    runId: row.run_id,
    createdAt: row.created_at,
    by: row.by,
    body: row.body,
  }));
}
