import { create } from '@bufbuild/protobuf';
import {
  ListWorkflowsResponseSchema,
  type ListWorkflowsRequest,
  type ListWorkflowsResponse,
} from '../../gen/behest/v1/workflow_service_pb.ts';
import type { ApiContext } from '../api-context.ts';
import { toWorkflow } from '../convert/workflow.ts';
import { parseLabelSelector } from '../label-selector.ts';
import { formatPageToken, parsePageToken } from '../page-token.ts';
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
  const page = records.slice(0, limit);
  const known = await versions.get(page.map(({ versionId }) => versionId));
  const last = records.length > limit ? page.at(-1) : undefined;
  return create(ListWorkflowsResponseSchema, {
    success: true,
    workflows: page.flatMap((record) => {
      const version = known.get(record.versionId);
      return version === undefined ? [] : [toWorkflow(record, version)];
    }),
    nextPageToken: last === undefined ? '' : formatPageToken([last.namespace, last.name]),
  });
}

/** `-` is all namespaces: null. */
export function toNamespace(text: string): string | null {
  if (text === '-') return null;
  return text === '' ? DEFAULT_NAMESPACE : text;
}
