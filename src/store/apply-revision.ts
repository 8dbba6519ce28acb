import type { AppliedRevision, RevisionChange } from '../controller/ports.ts';
import { applyRunManifests } from './apply-run-manifests.ts';
import type { Sql } from './connect.ts';
import { createRuns } from './create-runs.ts';
import type { KnownSources } from './known-sources.ts';
import { lockWorkflows, refKey } from './lock-workflows.ts';
import { foreignObject, objectName, planWorkflow, type WorkflowPlan } from './plan-revision.ts';
import { OwnershipConflict } from './ownership-conflict.ts';
import { pruneObjects } from './prune-objects.ts';
import { saveBlobs } from './save-blobs.ts';
import type { Transactions } from './transaction.ts';
import { triggeredRun } from './triggered-run.ts';
import { writeWorkflows } from './write-workflows.ts';

export interface RevisionConnections {
  readonly transactions: Transactions;
  readonly sources: KnownSources;
}

/**
 * Applies what a source declares, whole or not at all: new versions, runs of Run manifests and
 * `apply` triggers, what is pruned, and the source's status. Throws OwnershipConflict and
 * UnknownWorkflow, with nothing changed.
 */
export async function applyRevision(
  { transactions, sources }: RevisionConnections,
  change: RevisionChange,
): Promise<AppliedRevision> {
  return await transactions.run(async (sql) => {
    const { source, now } = change;
    await saveBlobs(sql, change.files, now);
    const plans = await applyWorkflows(sql, change);
    const cause = { createdBy: `source/${source.name}`, now };
    const triggered = await createRuns(
      sql,
      plans.flatMap((plan) => triggeredRun(plan, cause)),
    );
    const runs = await applyRunManifests(sql, change);
    const gone = await pruneObjects(sql, change);
    const named = (outcome: WorkflowPlan['outcome']) =>
      plans
        .filter((plan) => plan.outcome === outcome)
        .map((plan) => objectName('workflow', plan.change));
    const applied = {
      created: [...named('created'), ...runs.created],
      configured: [...named('configured'), ...runs.configured],
      unchanged: [...named('unchanged'), ...runs.unchanged],
      pruned: gone.pruned,
      runIds: [...triggered.map((run) => run.id), ...runs.runIds, ...gone.runIds],
    };
    await sources.save(sql, source);
    await saveRevision(sql, change, applied);
    return applied;
  });
}

async function applyWorkflows(sql: Sql, change: RevisionChange): Promise<WorkflowPlan[]> {
  if (change.workflows.length === 0) return [];
  const stored = await lockWorkflows(sql, change.workflows, change.now);
  const owner = change.source.name;
  const foreign = [...stored.values()].flatMap((row) => foreignObject(row, owner) ?? []);
  if (foreign.length > 0) throw new OwnershipConflict(owner, foreign);
  const plans = change.workflows.map((declared) => {
    const row = stored.get(refKey(declared));
    if (row === undefined) throw new Error(`workflow ${refKey(declared)} was not locked`);
    return planWorkflow(row, declared, owner);
  });
  await writeWorkflows(sql, plans, { owner, now: change.now });
  return plans;
}

/** History of a source: only revisions that changed something. */
async function saveRevision(
  sql: Sql,
  change: RevisionChange,
  applied: AppliedRevision,
): Promise<void> {
  const { created, configured, pruned } = applied;
  if (created.length + configured.length + pruned.length === 0) return;
  await sql`
    insert into revision (source, revision, applied_at, created, configured, pruned)
    values (
      ${change.source.name}::text, ${change.source.lastAppliedRevision}::text, ${change.now}::int8,
      ${JSON.stringify(created)}::text::json, ${JSON.stringify(configured)}::text::json,
      ${JSON.stringify(pruned)}::text::json
    )
    on conflict do nothing`;
}
