import type { RecordedFact } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { factOfRow, type FactRow } from './fact-row.ts';
import { isUuid } from './uuid.ts';

/** The facts of each run with a greater sequence number than its own, in order, by run. */
export async function factsSinceEach(
  sql: Sql,
  runs: readonly { readonly runId: string; readonly seq: number }[],
  limit: number,
): Promise<ReadonlyMap<string, RecordedFact[]>> {
  const known = runs.filter(({ runId }) => isUuid(runId));
  const rows = await sql<FactRow[]>`
    select
      f.run_id, f.seq, f.kind, f.at, f.step, f.item, f.attempt, f.status, f.branch, f.runner,
      f.started_at, f.finished_at, f.output, f.error, f.body
    from unnest(
      ${known.map(({ runId }) => runId)}::uuid[], ${known.map(({ seq }) => seq)}::int4[]
    ) as seen (run_id, seq)
    cross join lateral (
      select *
      from fact
      where fact.run_id = seen.run_id and fact.seq > seen.seq
      order by fact.seq
      limit ${limit}::int4
    ) f
    order by f.run_id, f.seq`;
  const facts = new Map<string, RecordedFact[]>();
  for (const row of rows) {
    const own = facts.get(row.run_id);
    if (own === undefined) facts.set(row.run_id, [factOfRow(row)]);
    else own.push(factOfRow(row));
  }
  return facts;
}
