import type { RunManifest } from '../controller/ports.ts';
import type { NewRun, RunRecord } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { findCreatedRuns } from './find-created-runs.ts';
import { getRun } from './get-run.ts';
import { insertRun } from './insert-run.ts';
import { runOfRow } from './run-row.ts';
import { manifestKey, saveRunManifests } from './save-run-manifests.ts';
import type { Transactions } from './transaction.ts';

export interface CreatedRun {
  /** The run that exists now. */
  readonly run: RunRecord;
  readonly created: boolean;
}

/** Idempotent by id and by (namespace, idempotency key). */
export async function createRun(sql: Sql, run: NewRun): Promise<CreatedRun> {
  const row = await insertRun(sql, run);
  if (row !== null) return { run: runOfRow(row), created: true };
  // A second statement, so a second snapshot: it sees the run that somebody else created meanwhile.
  const [record] = await findCreatedRuns(sql, [run]);
  if (record === undefined) throw new Error(`run ${run.id} was neither created nor found`);
  return { run: record, created: false };
}

/** One run per (namespace, name, digest) of a Run manifest, whether a source or the API applies it. */
export async function createManifestRun(
  transactions: Transactions,
  manifest: RunManifest,
  run: NewRun,
): Promise<CreatedRun> {
  return await transactions.run(async (sql) => {
    const known = await findManifestRun(sql, manifest);
    if (known !== null) return { run: known, created: false };
    const result = await createRun(sql, { ...run, idempotencyKey: manifestKey(manifest) });
    const context = { ids: [result.run.id], source: '', now: run.createdAt };
    await saveRunManifests(sql, [manifest], context);
    return result;
  });
}

async function findManifestRun(sql: Sql, manifest: RunManifest): Promise<RunRecord | null> {
  const { namespace, name, digest } = manifest;
  const [row] = await sql<{ run_id: string }[]>`
    select run_id
    from run_manifest
    where namespace = ${namespace}::text and name = ${name}::text and digest = ${digest}::text`;
  return row === undefined ? null : await getRun(sql, row.run_id);
}
