import type { LoadedRun } from '../controller/ports.ts';
import type { RecordedFact } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { factOfRow, type FactRow } from './fact-row.ts';
import { loadRequests } from './load-requests.ts';
import { runOfRow, type RunRow } from './run-row.ts';
import { isUuid } from './uuid.ts';

/** Runs with all their facts in order and their waiting requests; unknown ids are left out. */
export async function loadRuns(sql: Sql, ids: readonly string[]): Promise<LoadedRun[]> {
  const known = ids.filter(isUuid);
  if (known.length === 0) return [];
  // Runs first: facts are only ever added, so what is read later and not newer than the run's seq
  // is just what the run had; and a request that is gone by then makes the next commit fail on its
  // seq, whereas one read too early could be answered twice.
  const runs = await selectRuns(sql, known);
  const begun = runs.filter((run) => run.seq > 0).map((run) => run.id);
  const [facts, requests] = await Promise.all([
    begun.length === 0 ? [] : selectFacts(sql, begun),
    loadRequests(sql, known),
  ]);
  const factsOf = Map.groupBy(facts, (row) => row.run_id);
  const requestsOf = Map.groupBy(requests, (request) => request.runId);
  return runs.map((row) => ({
    run: runOfRow(row),
    facts: factsUpTo(factsOf.get(row.id) ?? [], row.seq),
    requests: requestsOf.get(row.id) ?? [],
  }));
}

async function selectRuns(sql: Sql, ids: readonly string[]): Promise<readonly RunRow[]> {
  return await sql<RunRow[]>`
    select
      id, seq, status, wake_at, started_at, finished_at, created_at, version_number, parent_step,
      parent_item, parent_attempt, version_id, parent_run_id, namespace, workflow, created_by,
      cause_kind, cause_name, labels, input, output, error
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
