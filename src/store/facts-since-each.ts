import type { FactPage } from '../api/ports.ts';
import type { RecordedFact } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { factOfPagedRow, type PagedFactRow } from './fact-row.ts';
import { pageByRun, type PageByRun } from './page-by-run.ts';
import { isUuid } from './uuid.ts';

/** What a compressed value is taken to have, times what is stored of it: it is not unpacked to know. */
const PACKED = 10;

/**
 * The facts of each run with a greater sequence number than its own, in order, by run. The page ends
 * by what is stored: nothing behind its end is unpacked.
 */
export async function factsSinceEach(
  sql: Sql,
  runs: readonly { readonly runId: string; readonly seq: number }[],
  page: FactPage,
): Promise<PageByRun<RecordedFact>> {
  const known = runs.filter(({ runId }) => isUuid(runId));
  const rows = await sql<(PagedFactRow & { readonly is_on_page: boolean })[]>`
    with paged as (
      select
        f.*,
        sum(f.bytes) over (order by f.run_id, f.seq rows unbounded preceding) - f.bytes
          < ${page.bytes}::int8 as is_on_page
      from unnest(
        ${known.map(({ runId }) => runId)}::uuid[], ${known.map(({ seq }) => seq)}::int4[]
      ) as seen (run_id, seq)
      cross join lateral (
        select
          *,
          pg_column_compression(output) is not null as is_packed,
          coalesce(pg_column_size(error), 0) + coalesce(pg_column_size(body), 0)
            + coalesce(pg_column_size(output), 0)
              * case when pg_column_compression(output) is null then 1 else ${PACKED}::int4 end
            as bytes
        from fact
        where fact.run_id = seen.run_id and fact.seq > seen.seq
        order by fact.seq
        limit ${page.rows}::int4
      ) f
    ),
    measured as (
      select
        *,
        is_on_page
          and case when is_packed then octet_length(output::text) else bytes end
            > ${page.largest}::int8 as is_unread
      from paged
    )
    select
      run_id, seq, kind, at, step, item, attempt, status, branch, runner, started_at, finished_at,
      case when is_on_page and not is_unread then output end as output,
      case when is_on_page then error end as error, case when is_on_page then body end as body,
      is_unread, is_on_page
    from measured
    order by run_id, seq`;
  return pageByRun(rows, factOfPagedRow);
}
