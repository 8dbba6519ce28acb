import type { VersionRecord } from '../record/workflow.ts';
import type { Sql } from './connect.ts';
import { versionOfRow, type VersionRow } from './load-versions.ts';
import { isUuid } from './uuid.ts';

/** The version of a workflow with this number. */
export async function getVersion(
  sql: Sql,
  workflowId: string,
  number: number,
): Promise<VersionRecord | null> {
  if (!isUuid(workflowId)) return null;
  const [row] = await sql<VersionRow[]>`
    select
      v.id, v.workflow_id, w.namespace, w.name as workflow, v.number, v.digest, v.graph,
      v.manifest, v.origin, v.created_at
    from version v
    join workflow w on w.id = v.workflow_id
    where v.workflow_id = ${workflowId}::uuid and v.number = ${number}::int4`;
  return row === undefined ? null : versionOfRow(row);
}
