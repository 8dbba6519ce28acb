import type { VersionSummary } from '../api/ports.ts';
import type { Sql } from './connect.ts';
import { summaryOfRow, type VersionSummaryRow } from './load-versions.ts';
import { isUuid } from './uuid.ts';

/** Versions of a workflow, newest first, with numbers below `before`. */
export async function listVersions(
  sql: Sql,
  workflowId: string,
  page: { readonly before: number; readonly limit: number },
): Promise<VersionSummary[]> {
  if (!isUuid(workflowId)) return [];
  const before = Math.min(page.before, 2 ** 31 - 1);
  const rows = await sql<VersionSummaryRow[]>`
    select
      v.id, v.workflow_id, w.namespace, w.name as workflow, v.number, v.digest, v.origin,
      v.created_at
    from version v
    join workflow w on w.id = v.workflow_id
    where v.workflow_id = ${workflowId}::uuid and v.number < ${before}::int4
    order by v.number desc
    limit ${page.limit}::int4`;
  return rows.map(summaryOfRow);
}
