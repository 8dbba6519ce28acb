import type { RevisionChange, RunManifest } from '../controller/ports.ts';
import type { NewRun } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { createRuns } from './create-runs.ts';
import { findWorkflows } from './find-workflows.ts';
import { refKey } from './lock-workflows.ts';
import { manifestKey, saveRunManifests } from './save-run-manifests.ts';
import { OwnershipConflict } from './ownership-conflict.ts';
import { objectName } from './plan-revision.ts';
import { UnknownWorkflow } from './unknown-workflow.ts';
import { newRunId } from './uuid.ts';

export interface AppliedRuns {
  readonly created: readonly string[];
  readonly configured: readonly string[];
  readonly unchanged: readonly string[];
  readonly runIds: readonly string[];
}

interface StoredManifest {
  readonly namespace: string;
  readonly name: string;
  readonly digest: string;
  readonly source: string;
  readonly deleted_at: number | null;
}

/**
 * Creates the run of each Run manifest that has none for its digest, ever. Throws OwnershipConflict
 * and UnknownWorkflow.
 */
export async function applyRunManifests(
  sql: Sql,
  change: Pick<RevisionChange, 'source' | 'runs' | 'now'>,
): Promise<AppliedRuns> {
  const { runs, now } = change;
  const source = change.source.name;
  if (runs.length === 0) return { created: [], configured: [], unchanged: [], runIds: [] };
  const stored = await findManifests(sql, runs);
  refuseForeign(stored, source);
  const known = new Set(stored.map((row) => `${refKey(row)}@${row.digest}`));
  const fresh = runs.filter((run) => !known.has(`${refKey(run)}@${run.digest}`));
  const records = await createRuns(sql, await newRuns(sql, fresh, { source, now }));
  const ids = records.map((record) => record.id);
  await retireOthers(sql, runs, now);
  await saveRunManifests(sql, fresh, { ids, source, now });
  await adopt(sql, runs, source);
  const names = new Set(stored.filter((row) => row.deleted_at === null).map(refKey));
  const isFresh = new Set(fresh);
  const named = (wanted: readonly RunManifest[]) => wanted.map((run) => objectName('run', run));
  return {
    created: named(fresh.filter((run) => !names.has(refKey(run)))),
    configured: named(fresh.filter((run) => names.has(refKey(run)))),
    unchanged: named(runs.filter((run) => !isFresh.has(run))),
    runIds: ids,
  };
}

function refuseForeign(stored: readonly StoredManifest[], source: string): void {
  // What was declared through the API has no owner and is adopted.
  const foreign = stored.filter(
    (row) => row.deleted_at === null && row.source !== source && row.source !== '',
  );
  if (foreign.length === 0) return;
  const conflicts = foreign.map((row) => ({ object: objectName('run', row), owner: row.source }));
  throw new OwnershipConflict(source, conflicts);
}

async function newRuns(
  sql: Sql,
  manifests: readonly RunManifest[],
  context: { readonly source: string; readonly now: number },
): Promise<NewRun[]> {
  const refs = manifests.map((run) => ({ namespace: run.namespace, name: run.workflow }));
  const found = await findWorkflows(sql, refs);
  const workflows = new Map(found.map((workflow) => [refKey(workflow), workflow]));
  return manifests.map((manifest) => {
    const { namespace, name, workflow } = manifest;
    const target = workflows.get(refKey({ namespace, name: workflow }));
    if (target === undefined) {
      throw new UnknownWorkflow({ namespace, workflow, by: objectName('run', manifest) });
    }
    return {
      id: newRunId(context.now),
      namespace,
      workflow,
      versionId: target.versionId,
      input: manifest.input,
      labels: manifest.labels,
      cause: { kind: 'manifest', name },
      createdBy: `source/${context.source}`,
      createdAt: context.now,
      idempotencyKey: manifestKey(manifest),
      parent: null,
    };
  });
}

async function findManifests(
  sql: Sql,
  runs: readonly RunManifest[],
): Promise<readonly StoredManifest[]> {
  return await sql<StoredManifest[]>`
    select m.namespace, m.name, m.digest, m.source, m.deleted_at
    from unnest(
      ${runs.map((run) => run.namespace)}::text[], ${runs.map((run) => run.name)}::text[]
    ) as wanted (namespace, name)
    join run_manifest m on m.namespace = wanted.namespace and m.name = wanted.name
    order by m.namespace, m.name, m.digest
    for update of m`;
}

/** An earlier spec of the same manifest is declared no more. Its run goes on. */
async function retireOthers(sql: Sql, runs: readonly RunManifest[], now: number): Promise<void> {
  await sql`
    update run_manifest m
    set deleted_at = ${now}::int8
    from unnest(
      ${runs.map((run) => run.namespace)}::text[], ${runs.map((run) => run.name)}::text[],
      ${runs.map((run) => run.digest)}::text[]
    ) as declared (namespace, name, digest)
    where
      m.namespace = declared.namespace and m.name = declared.name
      and m.digest <> declared.digest and m.deleted_at is null`;
}

/** Declared again after it was pruned, or by the API first: the same declaration, the same run. */
async function adopt(sql: Sql, runs: readonly RunManifest[], source: string): Promise<void> {
  await sql`
    update run_manifest m
    set deleted_at = null, source = ${source}::text
    from unnest(
      ${runs.map((run) => run.namespace)}::text[], ${runs.map((run) => run.name)}::text[],
      ${runs.map((run) => run.digest)}::text[]
    ) as declared (namespace, name, digest)
    where
      m.namespace = declared.namespace and m.name = declared.name
      and m.digest = declared.digest and (m.deleted_at is not null or m.source = '')`;
}
