import type { WorkflowRecord } from '../record/workflow.ts';

/** A row of `workflow` that has a version. */
export interface WorkflowRow {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
  readonly owner: string;
  readonly suspended: boolean;
  readonly version_id: string;
  readonly version_number: number;
  readonly digest: string;
  readonly created_at: number;
  readonly updated_at: number;
  readonly deleted_at: number | null;
}

export function workflowOfRow(row: WorkflowRow): WorkflowRecord {
  return {
    id: row.id,
    namespace: row.namespace,
    name: row.name,
    title: row.title,
    description: row.description,
    labels: row.labels,
    annotations: row.annotations,
    owner: row.owner,
    suspended: row.suspended,
    versionId: row.version_id,
    versionNumber: row.version_number,
    digest: row.digest,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    deletedAt: row.deleted_at,
  };
}
