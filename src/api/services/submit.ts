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
import { cutMessage } from '../convert/error.ts';
import { shareRoom, type ShownStep } from '../convert/shown-run.ts';
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
  const { view } = await viewRun(api, run);
  return create(SubmitResponseSchema, {
    runId: run.id,
    status: run.status.toUpperCase(),
    workflowId: run.workflow,
    nodes: toNodes(shareRoom(run, view).steps),
    createdAt: toTimestamp(run.createdAt),
  });
}

/** A task spec carries the input of its run. */
function inputOf(document: Json): Json {
  return isJsonObject(document) ? (document['input'] ?? {}) : {};
}

export function toSubmitted({ run, view }: ViewedRun): GetSubmittedResponse {
  const { input, output, steps } = shareRoom(run, view);
  return create(GetSubmittedResponseSchema, {
    runId: run.id,
    status: run.status.toUpperCase(),
    workflowId: run.workflow,
    nodes: toNodes(steps),
    input: toValue(input.json),
    ...(input.isOmitted ? { inputOmitted: true } : {}),
    output: toValue(output.json),
    ...(output.isOmitted ? { outputOmitted: true } : {}),
    createdAt: toTimestamp(run.createdAt),
    startedAt: optionalTimestamp(run.startedAt),
    finishedAt: optionalTimestamp(run.finishedAt),
    ...(run.error === null ? {} : { error: run.error.message }),
  });
}

function toNodes(steps: readonly ShownStep[]): { [id: string]: SubmittedNode } {
  return Object.fromEntries(steps.map((shown) => [shown.step.id, toNode(shown)]));
}

function toNode({ step, output, isErrorCut }: ShownStep): SubmittedNode {
  const { error } = step;
  return create(SubmittedNodeSchema, {
    status: step.status.toUpperCase(),
    output: toValue(output.json),
    ...(output.isOmitted ? { outputOmitted: true } : {}),
    attempts: step.attempt,
    startedAt: optionalTimestamp(step.startedAt),
    finishedAt: optionalTimestamp(step.finishedAt),
    ...(error === null ? {} : { error: isErrorCut ? cutMessage(error.message) : error.message }),
  });
}
