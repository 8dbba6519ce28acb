import { randomUUID } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  CancelResponseSchema,
  RetryResponseSchema,
  type CancelRequest,
  type CancelResponse,
  type RetryRequest,
  type RetryResponse,
} from '../../gen/behest/v1/run_service_pb.ts';
import { isFinal, type RunRecord, type RunRequest } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { ApiContext } from '../api-context.ts';
import type { Principal } from '../auth/principal.ts';
import { checkInput } from '../check-input.ts';
import { fromValue } from '../convert/dynamic.ts';
import { precondition } from '../fault.ts';
import { streamUrl } from './execute.ts';
import { findRun } from './find-run.ts';
import { findStepIndex } from './find-step.ts';
import { fullRun } from './load-run.ts';

/** Puts a request in the run's inbox and tells a controller. */
export async function ask(
  api: ApiContext,
  run: RunRecord,
  request: Pick<RunRequest, 'by' | 'body'>,
): Promise<void> {
  const id = randomUUID();
  try {
    await api.library.addRequest({ id, runId: run.id, createdAt: api.now(), ...request });
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'InboxFull') throw error;
    throw new ConnectError(error.message, Code.ResourceExhausted, undefined, [], error);
  }
  api.signals.nudge([run.id]);
}

export async function cancel(
  api: ApiContext,
  request: CancelRequest,
  { name: by }: Principal,
): Promise<CancelResponse> {
  const run = await findRun(api.library, request.runId);
  if (isFinal(run.status)) throw precondition(`Run ${run.id} has ended already: ${run.status}.`);
  await ask(api, run, { by, body: { kind: 'cancel', reason: request.reason } });
  const after = (await api.library.getRun(run.id)) ?? run;
  return create(CancelResponseSchema, {
    success: true,
    jobId: run.id,
    run: await fullRun(api, after),
  });
}

export async function retry(
  api: ApiContext,
  request: RetryRequest,
  { name: by }: Principal,
): Promise<RetryResponse> {
  const run = await findRun(api.library, request.runId);
  checkRetryable(run, request);
  const version = await api.versions.one(run.versionId);
  const fromStep = request.fromStep === '' ? null : findStep(version, request.fromStep);
  const input =
    request.input === undefined ? {} : { input: checkInput(version, fromValue(request.input)) };
  await ask(api, run, { by, body: { kind: 'retry', fromStep, ...input } });
  return create(RetryResponseSchema, {
    success: true,
    jobId: run.id,
    streamUrl: streamUrl(run.id),
    run: await fullRun(api, run),
  });
}

function checkRetryable(run: RunRecord, request: RetryRequest): void {
  const isStopped = isFinal(run.status) || run.status === 'pending_retry';
  if (!isStopped) {
    throw precondition(
      `Run ${run.id} is ${run.status}; only a run that has stopped can be retried.`,
    );
  }
  if (run.status === 'completed' && request.fromStep === '') {
    throw precondition(
      `Run ${run.id} has completed; name the step to run again from in from_step.`,
    );
  }
}

/** The id of the step with this id or index. */
function findStep(version: VersionRecord, text: string): string {
  const index = findStepIndex(version, { field: 'from_step', text });
  return version.graph.steps[index]?.id ?? '';
}
