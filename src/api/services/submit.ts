import { create } from '@bufbuild/protobuf';
import {
  GetSubmittedResponseSchema,
  SubmitResponseSchema,
  SubmittedNodeSchema,
  type GetSubmittedResponse,
  type SubmitRequest,
  type SubmitResponse,
  type SubmittedNode,
} from '../../gen/behest/v1/run_service_pb.ts';
import { isJsonObject, type Json } from '../../expr/json.ts';
import type { ApiContext } from '../api-context.ts';
import type { Principal } from '../auth/principal.ts';
import { fromValue, optionalTimestamp, toTimestamp, toValue } from '../convert/dynamic.ts';
import type { StepRunView } from '../../engine/view.ts';
import { startRun } from './execute.ts';
import { viewRun, type ViewedRun } from './load-run.ts';
import { readWorkflow } from './read-document.ts';
import { writeWorkflow } from './write-workflow.ts';

/** Registers a task spec as a workflow and starts a run of exactly that version. */
export async function submit(
  api: ApiContext,
  request: SubmitRequest,
  { name: by }: Principal,
): Promise<SubmitResponse> {
  const change = readWorkflow(api, { ...request, text: '', author: by });
  const { workflow } = await writeWorkflow(api, change);
  const run = await startRun(api, {
    version: await api.versions.one(workflow.versionId),
    input: inputOf(fromValue(request.document)),
    labels: {},
    idempotencyKey: request.idempotencyKey,
    by,
    cause: { kind: 'api', name: by },
  });
  const viewed = await viewRun(api, run);
  return create(SubmitResponseSchema, {
    runId: run.id,
    status: run.status.toUpperCase(),
    workflowId: run.workflow,
    nodes: toNodes(viewed),
    createdAt: toTimestamp(run.createdAt),
  });
}

/** A task spec carries the input of its run. */
function inputOf(document: Json): Json {
  return isJsonObject(document) ? (document['input'] ?? {}) : {};
}

export function toSubmitted(viewed: ViewedRun): GetSubmittedResponse {
  const { run } = viewed;
  return create(GetSubmittedResponseSchema, {
    runId: run.id,
    status: run.status.toUpperCase(),
    workflowId: run.workflow,
    nodes: toNodes(viewed),
    input: toValue(run.input),
    output: toValue(run.output),
    createdAt: toTimestamp(run.createdAt),
    startedAt: optionalTimestamp(run.startedAt),
    finishedAt: optionalTimestamp(run.finishedAt),
    ...(run.error === null ? {} : { error: run.error.message }),
  });
}

function toNodes({ view }: ViewedRun): { [id: string]: SubmittedNode } {
  return Object.fromEntries(view.steps.map((step) => [step.id, toNode(step)]));
}

function toNode(step: StepRunView): SubmittedNode {
  return create(SubmittedNodeSchema, {
    status: step.status.toUpperCase(),
    output: toValue(step.output),
    attempts: step.attempt,
    startedAt: optionalTimestamp(step.startedAt),
    finishedAt: optionalTimestamp(step.finishedAt),
    ...(step.error === null ? {} : { error: step.error.message }),
  });
}
