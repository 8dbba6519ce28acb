import type { Sql } from './connect.ts';
import { dropVersions } from './drop-versions.ts';
import { plainMap } from './plain-text.ts';
import type { WorkflowPlan } from './plan-revision.ts';

/** Graphs and manifests travel in one message per so many workflows. */
const BATCH = 200;

/** Writes new versions and what their workflows have become. `owner` is empty for an API write. */
export async function writeWorkflows(
  sql: Sql,
  plans: readonly WorkflowPlan[],
  context: { readonly owner: string; readonly now: number },
): Promise<void> {
  const versions = plans.filter((plan) => plan.isNewVersion);
  for (let from = 0; from < versions.length; from += BATCH) {
    await insertVersions(sql, versions.slice(from, from + BATCH), context.now);
  }
  const changed = plans.filter((plan) => plan.outcome !== 'unchanged');
  for (let from = 0; from < changed.length; from += BATCH) {
    await updateWorkflows(sql, changed.slice(from, from + BATCH), context);
  }
  await dropVersions(sql, versions);
}

async function insertVersions(
  sql: Sql,
  plans: readonly WorkflowPlan[],
  now: number,
): Promise<void> {
  await sql`
    insert into version (id, workflow_id, number, digest, graph, manifest, origin, created_at)
    select
      v.id, v.workflow_id, v.number, v.digest, v.graph::json, v.manifest::json, v.origin::json,
      ${now}::int8
    from unnest(
      ${plans.map((plan) => plan.versionId)}::uuid[],
      ${plans.map((plan) => plan.stored.id)}::uuid[],
      ${plans.map((plan) => plan.versionNumber)}::int4[],
      ${plans.map((plan) => plan.change.digest)}::text[],
      ${plans.map((plan) => JSON.stringify(plan.change.graph))}::text[],
      ${plans.map((plan) => JSON.stringify(plan.change.manifest))}::text[],
      ${plans.map((plan) => JSON.stringify(plan.change.origin))}::text[]
    ) as v (id, workflow_id, number, digest, graph, manifest, origin)`;
}

async function updateWorkflows(
  sql: Sql,
  plans: readonly WorkflowPlan[],
  context: { readonly owner: string; readonly now: number },
): Promise<void> {
  const { owner, now } = context;
  await sql`
    update workflow
    set
      title = c.title,
      description = c.description,
      labels = c.labels::jsonb,
      annotations = c.annotations::jsonb,
      owner = ${owner}::text,
      version_id = c.version_id,
      version_number = c.version_number,
      digest = c.digest,
      updated_at = ${now}::int8,
      deleted_at = null
    from unnest(
      ${plans.map((plan) => plan.stored.id)}::uuid[],
      ${plans.map((plan) => plan.change.title)}::text[],
      ${plans.map((plan) => plan.change.description)}::text[],
      ${plans.map((plan) => plainMap(plan.change.labels))}::text[],
      ${plans.map((plan) => plainMap(plan.change.annotations))}::text[],
      ${plans.map((plan) => plan.versionId)}::uuid[],
      ${plans.map((plan) => plan.versionNumber)}::int4[],
      ${plans.map((plan) => plan.change.digest)}::text[]
    ) as c (
      id, title, description, labels, annotations, version_id, version_number, digest
    )
    where workflow.id = c.id`;
}
