import type { FactPage } from '../api/ports.ts';
import type { RecordedFact } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { factOfPagedRow, type PagedFactRow } from './fact-row.ts';
import { pageByRun, type PageByRun } from './page-by-run.ts';
import { isUuid } from './uuid.ts';

/**
 * The facts of each run with a greater sequence number than its own, in order, by run. The page ends
 * where what is stored, and then where what is unpacked, has reached `bytes`: nothing behind the
 * first end is unpacked.
 */
export async function factsSinceEach(
  sql: Sql,
  runs: readonly { readonly runId: string; readonly seq: number }[],
  page: FactPage,
): Promise<PageByRun<RecordedFact>> {
  const known = runs.filter(({ runId }) => isUuid(runId));
  const rows = await sql<(PagedFactRow & { readonly is_on_page: boolean })[]>`
    with stored as (
      select f.*, coalesce(sum(f.stored_bytes) over earlier, 0) < ${page.bytes}::int8 as is_near
      from unnest(
        ${known.map(({ runId }) => runId)}::uuid[], ${known.map(({ seq }) => seq)}::int4[]
      ) as seen (run_id, seq)
      cross join lateral (
        select
          *,
          coalesce(pg_column_size(output), 0) + coalesce(pg_column_size(error), 0)
            + coalesce(pg_column_size(body), 0) as stored_bytes
        from fact
        where fact.run_id = seen.run_id and fact.seq > seen.seq
        order by fact.seq
        limit ${page.rows}::int4
      ) f
      window earlier as (order by f.run_id, f.seq rows between unbounded preceding and 1 preceding)
    ),
    unpacked as (
      select
        *,
        case when is_near then octet_length(output::text) end as output_bytes,
        case when is_near then octet_length(error::text) end as error_bytes,
        case when is_near then octet_length(body::text) end as body_bytes
      from stored
    ),
    paged as (
      select
        *,
        is_near and coalesce(
          sum(
            case when output_bytes <= ${page.largest}::int8 then output_bytes else 0 end
              + coalesce(error_bytes, 0) + coalesce(body_bytes, 0)
          ) over earlier,
          0
        ) < ${page.bytes}::int8 as is_on_page
      from unpacked
      window earlier as (order by run_id, seq rows between unbounded preceding and 1 preceding)
    )
    select
      run_id, seq, kind, at, step, item, attempt, status, branch, runner, started_at, finished_at,
      case when is_on_page and output_bytes <= ${page.largest}::int8 then output end as output,
      case when is_on_page then error end as error, case when is_on_page then body end as body,
      coalesce(output_bytes > ${page.largest}::int8, false) as is_unread, is_on_page
    from paged
    order by run_id, seq`;
  return pageByRun(rows, factOfPagedRow);
}
