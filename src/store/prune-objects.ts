import type { RevisionChange } from '../controller/ports.ts';
import type { InventoryEntry } from '../record/source.ts';
import type { Sql } from './connect.ts';
import { objectName } from './plan-revision.ts';

export interface PrunedObjects {
  readonly pruned: readonly string[];
  /** Runs that were asked to cancel. */
  readonly runIds: readonly string[];
}

/** Marks what a source no longer declares. What somebody else owns by now stays. */
export async function pruneObjects(
  sql: Sql,
  change: Pick<RevisionChange, 'source' | 'pruned' | 'now'>,
): Promise<PrunedObjects> {
  const ofKind = (kind: string) => change.pruned.filter((entry) => entry.kind === kind);
  const context = { source: change.source.name, now: change.now };
  const workflows = await pruneWorkflows(sql, ofKind('Workflow'), context);
  const manifests = await pruneManifests(sql, ofKind('Run'), context);
  const cancelled = manifests.filter((row) => row.on_delete === 'cancel').map((row) => row.run_id);
  return {
    pruned: [
      ...workflows.map((row) => objectName('workflow', row)),
      ...manifests.map((row) => objectName('run', row)),
    ],
    runIds: await requestCancels(sql, cancelled, context),
  };
}

interface Context {
  readonly source: string;
  readonly now: number;
}

async function pruneWorkflows(
  sql: Sql,
  entries: readonly InventoryEntry[],
  context: Context,
): Promise<readonly { namespace: string; name: string }[]> {
  if (entries.length === 0) return [];
  return await sql<{ namespace: string; name: string }[]>`
    update workflow w
    set deleted_at = ${context.now}::int8, updated_at = ${context.now}::int8
    from unnest(
      ${entries.map((entry) => entry.namespace)}::text[],
      ${entries.map((entry) => entry.name)}::text[]
    ) as gone (namespace, name)
    where
      w.namespace = gone.namespace and w.name = gone.name and w.deleted_at is null
      and w.owner = ${context.source}::text
    returning w.namespace, w.name`;
}

interface PrunedManifest {
  readonly namespace: string;
  readonly name: string;
  readonly on_delete: string;
  readonly run_id: string;
}

async function pruneManifests(
  sql: Sql,
  entries: readonly InventoryEntry[],
  context: Context,
): Promise<readonly PrunedManifest[]> {
  if (entries.length === 0) return [];
  return await sql<PrunedManifest[]>`
    update run_manifest m
    set deleted_at = ${context.now}::int8
    from unnest(
      ${entries.map((entry) => entry.namespace)}::text[],
      ${entries.map((entry) => entry.name)}::text[]
    ) as gone (namespace, name)
    where
      m.namespace = gone.namespace and m.name = gone.name and m.deleted_at is null
      and m.source = ${context.source}::text
    returning m.namespace, m.name, m.on_delete, m.run_id`;
}

async function requestCancels(
  sql: Sql,
  runIds: readonly string[],
  context: Context,
): Promise<string[]> {
  if (runIds.length === 0) return [];
  const body = JSON.stringify({ kind: 'cancel', reason: 'its Run manifest was deleted' });
  const rows = await sql<{ run_id: string }[]>`
    insert into request (id, run_id, created_at, by, body)
    select
      'prune:' || r.id::text || ':' || ${context.now}::int8::text, r.id, ${context.now}::int8,
      ${`source/${context.source}`}::text, ${body}::text::json
    from run r
    where r.id = any(${runIds}::uuid[]) and r.status < 10
    on conflict (id) do nothing
    returning run_id`;
  return rows.map((row) => row.run_id);
}
