import type { WorkflowRecord } from '../record/workflow.ts';
import type { Sql } from './connect.ts';
import { plainText } from './plain-text.ts';
import { workflowOfRow, type WorkflowRow } from './workflow-row.ts';

/** Also a deleted one; null when there never was one. */
export async function getWorkflow(
  sql: Sql,
  namespace: string,
  name: string,
): Promise<WorkflowRecord | null> {
  const [row] = await sql<WorkflowRow[]>`
    select
      id, namespace, name, title, description, labels, annotations, owner, suspended, version_id,
      version_number, digest, created_at, updated_at, deleted_at
    from workflow
    where
      namespace = ${plainText(namespace)}::text and name = ${plainText(name)}::text
      and version_id is not null`;
  return row === undefined ? null : workflowOfRow(row);
}
