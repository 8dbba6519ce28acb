import type { VersionSummary } from '../api/ports.ts';
import type { JsonObject } from '../expr/json.ts';
import type { Graph } from '../graph/graph.ts';
import type { Origin, VersionRecord } from '../record/workflow.ts';
import type { Sql } from './connect.ts';
import { isUuid } from './uuid.ts';

/** A row of `version` with its workflow's name. */
export interface VersionRow extends VersionSummaryRow {
  readonly graph: Graph;
  readonly manifest: JsonObject;
}

export interface VersionSummaryRow {
  readonly id: string;
  readonly workflow_id: string;
  readonly namespace: string;
  readonly workflow: string;
  readonly number: number;
  readonly digest: string;
  readonly origin: Origin;
  readonly created_at: number;
}

/** Versions by id; unknown ids are left out. */
export async function loadVersions(sql: Sql, ids: readonly string[]): Promise<VersionRecord[]> {
  const known = ids.filter(isUuid);
  if (known.length === 0) return [];
  const rows = await sql<VersionRow[]>`
    select
      v.id, v.workflow_id, w.namespace, w.name as workflow, v.number, v.digest, v.graph,
      v.manifest, v.origin, v.created_at
    from version v
    join workflow w on w.id = v.workflow_id
    where v.id = any(${known}::uuid[])`;
  return rows.map(versionOfRow);
}

export function versionOfRow(row: VersionRow): VersionRecord {
  return { ...summaryOfRow(row), graph: row.graph, manifest: row.manifest };
}

export function summaryOfRow(row: VersionSummaryRow): VersionSummary {
  return {
    id: row.id,
    workflowId: row.workflow_id,
    namespace: row.namespace,
    workflow: row.workflow,
    number: row.number,
    digest: row.digest,
    origin: row.origin,
    createdAt: row.created_at,
  };
}
