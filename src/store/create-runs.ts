import type { NewRun, RunRecord } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { findCreatedRuns } from './find-created-runs.ts';
import { insertRuns } from './insert-runs.ts';
import { runOfRow } from './run-row.ts';

/**
 * Creates each run unless its id or its (namespace, idempotency key) exists; returns, in the order
 * asked, the run that exists now for each. Throws when a version does not exist.
 */
export async function createRuns(sql: Sql, runs: readonly NewRun[]): Promise<RunRecord[]> {
  if (runs.length === 0) return [];
  const inserted = new Map((await insertRuns(sql, runs)).map((row) => [row.id, runOfRow(row)]));
  const others = runs.filter((run) => !inserted.has(run.id));
  // A second statement, so a second snapshot: it sees the run that somebody else created meanwhile.
  const found = others.length === 0 ? [] : await findCreatedRuns(sql, others);
  const records = new Map(others.map((run, index) => [run, found[index]]));
  return runs.map((run) => {
    const record = inserted.get(run.id) ?? records.get(run);
    if (record === undefined) throw new Error(`run ${run.id} was neither created nor found`);
    return record;
  });
}
