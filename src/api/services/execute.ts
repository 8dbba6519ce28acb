import { create } from '@bufbuild/protobuf';
import { invalidField, notFound } from '../fault.ts';
import type { Cause, RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import {
  ExecuteResponseSchema,
  type ExecuteRequest,
  type ExecuteResponse,
} from '../../gen/behest/v1/run_service_pb.ts';
import type { Json } from '../../expr/json.ts';
import type { ApiContext } from '../api-context.ts';
import type { Principal } from '../auth/principal.ts';
import { checkInput } from '../check-input.ts';
import { fromValue } from '../convert/dynamic.ts';
import { findWorkflow } from './find-workflow.ts';
import { fullRun } from './load-run.ts';

export interface StartRequest {
  readonly version: VersionRecord;
  readonly input: Json;
  readonly labels: { readonly [name: string]: string };
  readonly idempotencyKey: string;
  readonly by: string;
  readonly cause: Cause;
}

/** Puts a run on record and tells a controller. The same key answers the run that it made first. */
export async function startRun(api: ApiContext, request: StartRequest): Promise<RunRecord> {
  const { version } = request;
  const input = checkInput(version, request.input);
  const now = api.now();
  const { run, created } = await api.library.createRun({
    id: api.newRunId(now),
    namespace: version.namespace,
    workflow: version.workflow,
    versionId: version.id,
    input,
    labels: request.labels,
    cause: request.cause,
    createdBy: request.by,
    createdAt: now,
    idempotencyKey: request.idempotencyKey === '' ? null : request.idempotencyKey,
    parent: null,
  });
  if (created) api.signals.nudge([run.id], [run]);
  return run;
}

export async function execute(
  api: ApiContext,
  request: ExecuteRequest,
  { name: by }: Principal,
): Promise<ExecuteResponse> {
  const version = await chooseVersion(api, request);
  const { labels, idempotencyKey } = request;
  checkLabels(labels);
  const run = await startRun(api, {
    version,
    input: request.input === undefined ? {} : fromValue(request.input),
    labels,
    idempotencyKey,
    by,
    cause: { kind: 'api', name: by },
  });
  return create(ExecuteResponseSchema, {
    success: true,
    jobId: run.id,
    streamUrl: streamUrl(run.id),
    run: await fullRun(api, run),
  });
}

async function chooseVersion(api: ApiContext, request: ExecuteRequest): Promise<VersionRecord> {
  const workflow = await findWorkflow(api.library, request);
  if (request.version === 0) return api.versions.one(workflow.versionId);
  const version = await api.library.getVersion(workflow.id, request.version);
  if (version !== null) return version;
  throw notFound(`Version ${request.version} of workflow "${workflow.name}"`);
}

function checkLabels(labels: { readonly [name: string]: string }): void {
  for (const [key, value] of Object.entries(labels)) {
    if (/^[A-Za-z0-9][\w./-]{0,252}$/.test(key) && /^[\w.-]{0,63}$/.test(value)) continue;
    throw invalidField(
      `labels["${key}"]`,
      'a label is letters, digits, "-", "_" and "."; a key may also have "/" and a value 63 characters',
    );
  }
}

/** Where a run is watched. */
export function streamUrl(runId: string): string {
  return `/jobs/${runId}/stream`;
}
