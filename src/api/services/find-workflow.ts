import { notFound } from '../fault.ts';
import type { Library } from '../ports.ts';
import type { WorkflowRecord } from '../../record/workflow.ts';

export const DEFAULT_NAMESPACE = 'default';

/** NOT_FOUND also for a deleted one. */
export async function findWorkflow(
  library: Pick<Library, 'getWorkflow'>,
  { namespace, workflowId }: { readonly namespace: string; readonly workflowId: string },
): Promise<WorkflowRecord> {
  const space = namespace === '' ? DEFAULT_NAMESPACE : namespace;
  const workflow = await library.getWorkflow(space, workflowId);
  if (workflow === null || workflow.deletedAt !== null) {
    throw notFound(
      `Workflow ${JSON.stringify(workflowId)} in namespace ${JSON.stringify(space)}`,
      '`behest get workflows` and GET /api/v1/workflows list those that do.',
    );
  }
  return workflow;
}
