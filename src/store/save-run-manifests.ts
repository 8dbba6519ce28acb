import type { RunManifest } from '../controller/ports.ts';
import type { Sql } from './connect.ts';

/** The idempotency key of the run of a Run manifest: one for each content of its spec. */
export function manifestKey(manifest: Pick<RunManifest, 'name' | 'digest'>): string {
  return `manifest:${manifest.name}:${manifest.digest}`;
}

/** Remembers which run each manifest has; `source` is empty for one declared through the API. */
export async function saveRunManifests(
  sql: Sql,
  runs: readonly RunManifest[],
  context: { readonly ids: readonly string[]; readonly source: string; readonly now: number },
): Promise<void> {
  await sql`
    insert into run_manifest (namespace, name, digest, source, on_delete, run_id, created_at)
    select m.namespace, m.name, m.digest, ${context.source}::text, m.on_delete, m.run_id,
      ${context.now}::int8
    from unnest(
      ${runs.map((run) => run.namespace)}::text[], ${runs.map((run) => run.name)}::text[],
      ${runs.map((run) => run.digest)}::text[], ${runs.map((run) => run.onDelete)}::text[],
      ${context.ids}::uuid[]
    ) as m (namespace, name, digest, on_delete, run_id)
    on conflict (namespace, name, digest) do nothing`;
}
