import type { WorkflowQuery } from '../api/ports.ts';
import type { WorkflowRecord } from '../record/workflow.ts';
import type { Sql } from './connect.ts';
import { labelFilter } from './label-filter.ts';
import { plainText } from './plain-text.ts';
import { workflowOfRow, type WorkflowRow } from './workflow-row.ts';

/** In (namespace, name) order, without deleted ones. */
export async function listWorkflows(sql: Sql, query: WorkflowQuery): Promise<WorkflowRecord[]> {
  const labels = labelFilter(query.labels);
  if (labels === null) return [];
  const namespace = query.namespace === null ? null : plainText(query.namespace);
  const after = query.after ?? { namespace: '', name: '' };
  const rows = await sql<WorkflowRow[]>`
    select
      id, namespace, name, title, description, labels, annotations, owner, suspended, version_id,
      version_number, digest, created_at, updated_at, deleted_at
    from workflow
    where
      (${namespace}::text is null or namespace = ${namespace}::text)
      and (namespace, name) > (${plainText(after.namespace)}::text, ${plainText(after.name)}::text)
      and deleted_at is null
      and version_id is not null
      and labels @> ${labels.equals}::text::jsonb
      and labels ?& ${labels.exists}::text[]
      and not labels ?| ${labels.absent}::text[]
      and not exists (
        select
        from unnest(${labels.differsKeys}::text[], ${labels.differsValues}::text[])
          as unwanted (key, value)
        where labels ->> unwanted.key = unwanted.value
      )
    order by namespace, name
    limit ${query.limit}::int4`;
  return rows.map(workflowOfRow);
}
