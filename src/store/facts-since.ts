import type { RecordedFact } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { factOfRow, type FactRow } from './fact-row.ts';
import { isUuid } from './uuid.ts';

/** Facts of a run with a greater sequence number, in order. */
export async function factsSince(
  sql: Sql,
  runId: string,
  after: { readonly seq: number; readonly limit: number },
): Promise<RecordedFact[]> {
  if (!isUuid(runId)) return [];
  const rows = await sql<FactRow[]>`
    select
      run_id, seq, kind, at, step, item, attempt, status, branch, runner, started_at, finished_at,
      output, error, body
    from fact
    where run_id = ${runId}::uuid and seq > ${after.seq}::int4
    order by seq
    limit ${after.limit}::int4`;
  return rows.map(factOfRow);
}
