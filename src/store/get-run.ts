import type { RunRecord } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { runOfRow, type RunRow } from './run-row.ts';
import { isUuid } from './uuid.ts';

export async function getRun(sql: Sql, id: string): Promise<RunRecord | null> {
  if (!isUuid(id)) return null;
  const [row] = await sql<RunRow[]>`
    select
      id, seq, status, wake_at, started_at, finished_at, created_at, version_number, parent_step,
      parent_item, parent_attempt, version_id, parent_run_id, namespace, workflow, created_by,
      cause_kind, cause_name, labels, input, output, error
    from run
    where id = ${id}::uuid`;
  return row === undefined ? null : runOfRow(row);
}
