import type { FactSelection } from '../api/ports.ts';
import type { RecordedFact } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { factOfPagedRow, type PagedFactRow } from './fact-row.ts';
import { isUuid } from './uuid.ts';

/**
 * Facts of a run, in order, with as many of the outputs that are wanted as take no more than `bytes`
 * together, the smallest first; of the others it is only told that they are there. An output that
 * a later one of the page replaces is not wanted. What is stored is measured first, so that little
 * more than what is answered is unpacked.
 */
export async function factsWithin(
  sql: Sql,
  runId: string,
  { afterSeq, rows: limit, bytes, step, item }: FactSelection,
): Promise<{ readonly facts: RecordedFact[]; readonly bytes: number }> {
  if (!isUuid(runId)) return { facts: [], bytes: 0 };
  const rows = await sql<(PagedFactRow & { readonly bytes: number })[]>`
    with page as (
      select *, pg_column_size(output) as stored
      from fact
      where run_id = ${runId}::uuid and seq > ${afterSeq}::int4
      order by seq
      limit ${limit}::int4
    ),
    wanted as (
      select
        *,
        output is not null
          and seq = max(seq) over (partition by step, item, output is null)
          and (${step}::int4 is null or step = ${step}::int4)
          and (${item}::int4 is null or item = ${item}::int4) as is_wanted
      from page
    ),
    near as (
      select *, is_wanted and sum(stored) over smaller <= ${bytes}::int8 as is_near
      from wanted
      window smaller as (partition by is_wanted order by stored, seq)
    ),
    unpacked as (
      select *, case when is_near then octet_length(output::text) end as size
      from near
    ),
    chosen as (
      select *, is_near and sum(size) over smaller <= ${bytes}::int8 as is_read
      from unpacked
      window smaller as (partition by is_near order by size, seq)
    )
    select
      run_id, seq, kind, at, step, item, attempt, status, branch, runner, started_at, finished_at,
      case when is_read then output end as output,
      error,
      body,
      output is not null and not is_read as is_unread,
      case when is_read then size else 0 end as bytes
    from chosen
    order by seq`;
  const read = rows.reduce((sum, row) => sum + row.bytes, 0);
  return { facts: rows.map(factOfPagedRow), bytes: read };
}
