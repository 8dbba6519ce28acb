import { create } from '@bufbuild/protobuf';
import {
  ListWorkflowsResponseSchema,
  type ListWorkflowsRequest,
  type ListWorkflowsResponse,
} from '../../gen/behest/v1/workflow_service_pb.ts';
import type { Workflow } from '../../gen/behest/v1/workflow_pb.ts';
import type { VersionRecord, WorkflowRecord } from '../../record/workflow.ts';
import { MAX_DATA_BYTES, sizeOf, textBytes } from '../answer-size.ts';
import type { ApiContext } from '../api-context.ts';
import { toWorkflow } from '../convert/workflow.ts';
import { parseLabelSelector } from '../label-selector.ts';
import { formatPageToken, parsePageToken } from '../page-token.ts';
import type { VersionCache } from '../version-cache.ts';
import { DEFAULT_NAMESPACE } from './find-workflow.ts';

const PER_PAGE = 1000;

/** One page of workflows, each with the steps of its newest version. */
export async function listWorkflows(
  { library, versions }: ApiContext,
  request: ListWorkflowsRequest,
): Promise<ListWorkflowsResponse> {
  const limit = request.pageSize === 0 ? PER_PAGE : request.pageSize;
  const token = parsePageToken(request.pageToken, ['string', 'string']);
  const records = await library.listWorkflows({
    namespace: toNamespace(request.namespace),
    labels: parseLabelSelector(request.labelSelector),
    after: token === null ? null : { namespace: String(token[0]), name: String(token[1]) },
    limit: limit + 1,
  });
  const { workflows, next } = await describe(versions, records.slice(0, limit));
  const last = records.length > next ? records[next - 1] : undefined;
  return create(ListWorkflowsResponseSchema, {
    success: true,
    workflows,
    nextPageToken: last === undefined ? '' : formatPageToken([last.namespace, last.name]),
  });
}

/** Versions that are read at once: each can have ten thousand steps. */
const VERSIONS = 100;

/** As many of the first records as an answer holds, and the index of the next one. */
async function describe(
  versions: VersionCache,
  records: readonly WorkflowRecord[],
): Promise<{ readonly workflows: Workflow[]; readonly next: number }> {
  const workflows: Workflow[] = [];
  let bytes = 0;
  let known: ReadonlyMap<string, VersionRecord> = new Map();
  for (const [index, record] of records.entries()) {
    if (index % VERSIONS === 0) {
      const some = records.slice(index, index + VERSIONS);
      known = await versions.get(some.map(({ versionId }) => versionId));
    }
    const version = known.get(record.versionId);
    if (version === undefined) continue;
    bytes += sizeOfWorkflow(record, version);
    if (bytes > MAX_DATA_BYTES && workflows.length > 0) return { workflows, next: index };
    workflows.push(toWorkflow(record, version));
  }
  return { workflows, next: records.length };
}

/** Ids, names, numbers and times; of a step its place and section too. */
const WORKFLOW_BYTES = 600;
const STEP_BYTES = 100;

function sizeOfWorkflow(record: WorkflowRecord, { graph, origin }: VersionRecord): number {
  const { title, description, labels, annotations } = record;
  const phases = graph.phases.map(({ name, title: text, needs }) => [name, text, needs]);
  const own = sizeOf([title, description, labels, annotations, { ...origin }, phases]);
  const steps = graph.steps.reduce((sum, { id, name, type, needs }) => {
    return sum + STEP_BYTES + textBytes(id) + textBytes(name) + textBytes(type) + 80 * needs.length;
  }, 0);
  return WORKFLOW_BYTES + own + steps;
}

/** `-` is all namespaces: null. */
export function toNamespace(text: string): string | null {
  if (text === '-') return null;
  return text === '' ? DEFAULT_NAMESPACE : text;
}
