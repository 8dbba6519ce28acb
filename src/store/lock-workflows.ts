import { randomUUID } from 'node:crypto';

import type { Sql } from './connect.ts';
import type { StoredWorkflow } from './plan-revision.ts';

interface Ref {
  readonly namespace: string;
  readonly name: string;
}

/**
 * Locks the rows of these workflows until the transaction ends, in one order for everybody; names
 * that have none get a row without a version first.
 */
export async function lockWorkflows(
  sql: Sql,
  refs: readonly Ref[],
  now: number,
): Promise<ReadonlyMap<string, StoredWorkflow>> {
  const sorted = refs.toSorted((a, b) => (refKey(a) < refKey(b) ? -1 : 1));
  const namespaces = sorted.map((ref) => ref.namespace);
  const names = sorted.map((ref) => ref.name);
  await insertMissing(sql, { ids: sorted.map(() => randomUUID()), namespaces, names, now });
  const rows = await sql<StoredWorkflow[]>`
    select
      w.id, w.namespace, w.name, w.title, w.description, w.labels, w.annotations, w.owner,
      w.version_id, w.version_number, w.digest, w.deleted_at
    from unnest(${namespaces}::text[], ${names}::text[]) as wanted (namespace, name)
    join workflow w on w.namespace = wanted.namespace and w.name = wanted.name
    order by w.namespace, w.name
    for update of w`;
  return new Map(rows.map((row) => [refKey(row), row]));
}

export function refKey(ref: Ref): string {
  return `${ref.namespace}/${ref.name}`;
}

async function insertMissing(
  sql: Sql,
  rows: {
    readonly ids: readonly string[];
    readonly namespaces: readonly string[];
    readonly names: readonly string[];
    readonly now: number;
  },
): Promise<void> {
  await sql`
    insert into workflow (
      id, namespace, name, title, description, labels, annotations, owner, created_at, updated_at
    )
    select n.id, n.namespace, n.name, '', '', '{}', '{}', '', ${rows.now}::int8, ${rows.now}::int8
    from unnest(${rows.ids}::uuid[], ${rows.namespaces}::text[], ${rows.names}::text[])
      as n (id, namespace, name)
    where not exists (
      select from workflow w where w.namespace = n.namespace and w.name = n.name
    )
    on conflict (namespace, name) do nothing`;
}
