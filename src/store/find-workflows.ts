import type { WorkflowRecord } from '../record/workflow.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';
import { workflowOfRow, type WorkflowRow } from './workflow-row.ts';

/** The workflows of these names that exist and are not deleted. */
export async function findWorkflows(
  sql: Sql,
  refs: readonly { readonly namespace: string; readonly name: string }[],
): Promise<WorkflowRecord[]> {
  if (refs.length === 0) return [];
  const rows = await sql<WorkflowRow[]>`
    select distinct on (w.id)
      w.id, w.namespace, w.name, w.title, w.description, w.labels, w.annotations, w.owner,
      w.suspended, w.version_id, w.version_number, w.digest, w.created_at, w.updated_at,
      w.deleted_at
    from unnest(
      ${refs.map((ref) => plainText(ref.namespace))}::text[],
      ${refs.map((ref) => plainText(ref.name))}::text[]
    ) as wanted (namespace, name)
    join workflow w on w.namespace = wanted.namespace and w.name = wanted.name
    where w.deleted_at is null and w.version_id is not null`;
  return rows.map(workflowOfRow);
}
