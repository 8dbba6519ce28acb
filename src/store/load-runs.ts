import type { LoadedRun } from '../controller/ports.ts';
import type { RecordedFact, RunRequest } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { factOfRow, type FactRow } from './fact-row.ts';
import { runOfRow, type RunRow } from './run-row.ts';
import { isUuid } from './uuid.ts';

type LoadedRow = RunRow & { readonly requests: readonly RunRequest[] | null };

/** Runs with all their facts in order and their waiting requests; unknown ids are left out. */
export async function loadRuns(sql: Sql, ids: readonly string[]): Promise<LoadedRun[]> {
  const known = ids.filter(isUuid);
  if (known.length === 0) return [];
  // Facts afterwards: they are only ever added, so what is read later and not newer than the run's
  // seq is just what the run had. A new run has none, and so takes one round trip.
  const runs = await selectRuns(sql, known);
  const begun = runs.filter((run) => run.seq > 0).map((run) => run.id);
  const facts = begun.length === 0 ? [] : await selectFacts(sql, begun);
  const factsOf = Map.groupBy(facts, (row) => row.run_id);
  return runs.map((row) => ({
    run: runOfRow(row),
    facts: factsUpTo(factsOf.get(row.id) ?? [], row.seq),
    requests: row.requests ?? [],
  }));
}

/**
 * With its requests in the same snapshot: those that nothing up to the run's seq has answered. One
 * read before the run could be answered twice.
 */
async function selectRuns(sql: Sql, ids: readonly string[]): Promise<readonly LoadedRow[]> {
  return await sql<LoadedRow[]>`
    select
      id, seq, status, wake_at, started_at, finished_at, created_at, version_number, parent_step,
      parent_item, parent_attempt, version_id, parent_run_id, namespace, workflow, created_by,
      cause_kind, cause_name, labels, input, output, error,
      (
        select
          json_agg(
            json_build_object(
              'id', q.id, 'runId', q.run_id, 'createdAt', q.created_at, 'by', q.by, 'body', q.body
            )
            order by q.created_at, q.id
          )
        from request q
        where q.run_id = run.id
      ) as requests
    from run
    where id = any(${ids}::uuid[])`;
}

async function selectFacts(sql: Sql, ids: readonly string[]): Promise<readonly FactRow[]> {
  return await sql<FactRow[]>`
    select
      run_id, seq, kind, at, step, item, attempt, status, branch, runner, started_at, finished_at,
      output, error, body
    from fact
    where run_id = any(${ids}::uuid[])
    order by run_id, seq`;
}

function factsUpTo(rows: readonly FactRow[], seq: number): RecordedFact[] {
  return rows.filter((row) => row.seq <= seq).map(factOfRow);
}
