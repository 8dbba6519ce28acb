import { create } from '@bufbuild/protobuf';
import {
  ListRunsResponseSchema,
  type ListRunsRequest,
  type ListRunsResponse,
} from '../../gen/behest/v1/run_service_pb.ts';
import type { Json } from '../../expr/json.ts';
import { sizeOf } from '../answer-size.ts';
import type { ApiContext } from '../api-context.ts';
import { fromTimestamp } from '../convert/dynamic.ts';
import { fromRunStatus, toRunSummary } from '../convert/run.ts';
import { parseLabelSelector } from '../label-selector.ts';
import { pageOf } from '../page.ts';
import { formatPageToken, parsePageToken } from '../page-token.ts';
import type { RunSummary } from '../ports.ts';
import { toNamespace } from './list-workflows.ts';

const PER_PAGE = 100;

/** One page of runs. New runs never shift a page: it starts after the last one of the page before. */
export async function listRuns(
  { library }: ApiContext,
  request: ListRunsRequest,
): Promise<ListRunsResponse> {
  const limit = request.pageSize === 0 ? PER_PAGE : request.pageSize;
  const token = parsePageToken(request.pageToken, ['number', 'string']);
  const runs = await library.listRuns({
    namespace: toNamespace(request.namespace),
    statuses: request.status.flatMap((status) => fromRunStatus(status) ?? []),
    workflow: request.workflowId === '' ? null : request.workflowId,
    labels: parseLabelSelector(request.labelSelector),
    createdAfter: fromTimestamp(request.createdAfter),
    createdBefore: fromTimestamp(request.createdBefore),
    order: ['created_at', 'created_at asc'].includes(request.orderBy) ? 'oldest' : 'newest',
    after: token === null ? null : { createdAt: Number(token[0]), id: String(token[1]) },
    limit: limit + 1,
  });
  const { items, last } = pageOf(runs, limit, sizeOfRun);
  return create(ListRunsResponseSchema, {
    runs: items.map(toRunSummary),
    nextPageToken: last === undefined ? '' : formatPageToken([last.createdAt, last.id]),
  });
}

/** Ids, names, numbers and times. */
const RUN_BYTES = 600;

function sizeOfRun({ labels, error, createdBy, cause }: RunSummary): number {
  // An error is JSON too; only its type says more.
  const data = [labels, error as unknown as Json, createdBy, cause.name];
  return RUN_BYTES + sizeOf(data);
}
