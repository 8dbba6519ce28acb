import { randomUUID } from 'node:crypto';

import type { WorkflowWrite, WrittenWorkflow } from '../api/ports.ts';
import type { NewRun } from '../record/run.ts';
import type { Sql } from './connect.ts';
import { createRuns } from './create-runs.ts';
import { getWorkflow } from './get-workflow.ts';
import { lockWorkflows, refKey } from './lock-workflows.ts';
import { planWorkflow, type StoredWorkflow, type WorkflowPlan } from './plan-revision.ts';
import { saveBlobs } from './save-blobs.ts';
import type { Transactions } from './transaction.ts';
import { triggeredRun } from './triggered-run.ts';
import { writeWorkflows } from './write-workflows.ts';

/** An imperative write: the owner stays, so that a source which declares it wins at its next pass. */
export async function putWorkflow(
  transactions: Transactions,
  write: WorkflowWrite,
): Promise<WrittenWorkflow> {
  return await transactions.run(async (sql) => {
    const { change, now } = write;
    const stored = (await lockWorkflows(sql, [change], now)).get(refKey(change));
    if (stored === undefined) throw new Error(`workflow ${refKey(change)} was not locked`);
    const isAlive = stored.version_id !== null && stored.deleted_at === null;
    if (write.mustCreate && isAlive) return await written(sql, 'exists', stored);
    const owner = isAlive ? stored.owner : '';
    const plan = planWorkflow(stored, change, owner);
    await saveBlobs(sql, write.files, now);
    await writeWorkflows(sql, [plan], { owner, now });
    await createRuns(sql, runsOf(plan, now));
    if (owner !== '') await askOwner(sql, owner);
    return await written(sql, plan.outcome, stored);
  });
}

/** Has the owner's next look compare all it declares with what is stored. */
async function askOwner(sql: Sql, owner: string): Promise<void> {
  await sql`
    update source
    set requested_token = ${`drift-${randomUUID()}`}::text
    where name = ${owner}::text`;
}

function runsOf(plan: WorkflowPlan, now: number): NewRun[] {
  return triggeredRun(plan, { createdBy: plan.change.origin.author, now });
}

async function written(
  sql: Sql,
  outcome: WrittenWorkflow['outcome'],
  { namespace, name }: StoredWorkflow,
): Promise<WrittenWorkflow> {
  const workflow = await getWorkflow(sql, namespace, name);
  if (workflow === null) throw new Error(`workflow ${namespace}/${name} is gone while locked`);
  return { outcome, workflow };
}
