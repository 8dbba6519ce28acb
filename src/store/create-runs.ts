import type { NewRun, RunRecord } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { findCreatedRuns } from './find-created-runs.ts';
import { insertRuns } from './insert-runs.ts';

/**
 * Creates each run unless its id or its (namespace, idempotency key) exists; returns, in the order
 * asked, the run that exists now for each. Throws when a version does not exist.
 */
export async function createRuns(sql: Sql, runs: readonly NewRun[]): Promise<RunRecord[]> {
  if (runs.length === 0) return [];
  await insertRuns(sql, runs);
  // A second statement, so a second snapshot: it sees the run that somebody else created meanwhile.
  return await findCreatedRuns(sql, runs);
}
