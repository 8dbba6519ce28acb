import type { NewRun } from '../record/run.ts';
import type { WorkflowPlan } from './plan-revision.ts';
import { newRunId } from './uuid.ts';

/** `triggers: [{apply: {}}]`: one run for each new version; none or one. */
export function triggeredRun(
  plan: WorkflowPlan,
  context: { readonly createdBy: string; readonly now: number },
): NewRun[] {
  const trigger = plan.change.graph.applyTrigger;
  if (!plan.isNewVersion || trigger === null) return [];
  return [
    {
      id: newRunId(context.now),
      namespace: plan.change.namespace,
      workflow: plan.change.name,
      versionId: plan.versionId,
      input: trigger.input,
      labels: {},
      cause: { kind: 'apply', name: trigger.name },
      createdBy: context.createdBy,
      createdAt: context.now,
      idempotencyKey: `apply:${plan.versionId}`,
      parent: null,
    },
  ];
}
