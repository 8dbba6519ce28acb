import { Code, ConnectError } from '@connectrpc/connect';
import type { WorkflowChange } from '../../controller/ports.ts';
import type { Workflow } from '../../gen/behest/v1/workflow_pb.ts';
import type { WorkflowRecord } from '../../record/workflow.ts';
import type { ApiContext } from '../api-context.ts';
import { toFullWorkflow } from '../convert/workflow.ts';
import type { WorkflowWrite, WrittenWorkflow } from '../ports.ts';

interface WriteOptions {
  readonly mustCreate: boolean;
  /** Contents of the files that the graph names. */
  readonly files?: WorkflowWrite['files'];
}

/** Registers a definition; ALREADY_EXISTS when it must be new and is not. */
export async function writeWorkflow(
  { library, now }: ApiContext,
  change: WorkflowChange,
  { mustCreate, files = [] }: WriteOptions = { mustCreate: false },
): Promise<WrittenWorkflow> {
  const written = await library.putWorkflow({ change, files, now: now(), mustCreate });
  if (written.outcome !== 'exists') return written;
  throw new ConnectError(
    `Workflow "${change.name}" exists already in namespace "${change.namespace}"; ` +
      `PUT /api/v1/workflows/${change.name} makes a new version of it.`,
    Code.AlreadyExists,
  );
}

/** The whole workflow as it is now, with what the writer should know. */
export async function describeWorkflow(api: ApiContext, record: WorkflowRecord): Promise<Workflow> {
  return toFullWorkflow(record, await api.versions.one(record.versionId));
}

/** A write to what a source owns lasts until that source is reconciled again: say so. */
export function ownerWarnings({ owner, name }: Pick<WorkflowRecord, 'owner' | 'name'>): string[] {
  if (owner === '') return [];
  return [
    `The source "${owner}" owns the workflow "${name}": what it declares wins at its next ` +
      'reconcile. Change the manifest there, or suspend the source.',
  ];
}
