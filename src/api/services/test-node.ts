import { create } from '@bufbuild/protobuf';
import { Code, ConnectError } from '@connectrpc/connect';
import {
  TestNodeTypeResponseSchema,
  type TestNodeTypeRequest,
  type TestNodeTypeResponse,
} from '../../gen/behest/v1/node_service_pb.ts';
import type { Json } from '../../expr/json.ts';
import { isFinal, type RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import { showAlone } from '../answer-size.ts';
import type { ApiContext } from '../api-context.ts';
import type { Principal } from '../auth/principal.ts';
import { fromValue, toValue } from '../convert/dynamic.ts';
import { toErrorMessage } from '../convert/error.ts';
import { startRun } from './execute.ts';
import { viewRun } from './load-run.ts';
import { readAll } from './read-document.ts';
import { ask } from './run-requests.ts';
import { writeWorkflow } from './write-workflow.ts';

const DEFAULT_TIMEOUT_S = 30;
/** For the way to a runner and back, on top of the attempt's own time. */
const DISPATCH_MS = 15_000;

/**
 * Tries one config for real: a run of a workflow with that one step, with no second attempt. The
 * workflow is deleted as soon as its run exists, so that nobody sees or starts it.
 */
export async function testNode(
  api: ApiContext,
  request: TestNodeTypeRequest,
  call: { readonly principal: Principal; readonly signal: AbortSignal },
): Promise<TestNodeTypeResponse> {
  const by = call.principal.name;
  const seconds = request.timeoutSeconds === 0 ? DEFAULT_TIMEOUT_S : request.timeoutSeconds;
  const version = await registerTest(api, { request, seconds, by });
  const input = request.input === undefined ? {} : fromValue(request.input);
  const cause = { kind: 'test', name: request.nodeType } as const;
  const run = await startRun(api, { version, input, labels: {}, idempotencyKey: '', by, cause });
  await api.library.deleteWorkflow(version.namespace, version.workflow, api.now());
  const deadline = AbortSignal.timeout(seconds * 1000 + DISPATCH_MS);
  const signal = AbortSignal.any([deadline, call.signal]);
  for await (const _ of api.hub.follow({ run, version, from: onlyTheEnd, signal }));
  return describeOutcome(api, run, seconds);
}

const onlyTheEnd = {
  seq: Number.MAX_SAFE_INTEGER,
  told: 0,
  activity: Number.MAX_SAFE_INTEGER,
};

interface TestPlan {
  readonly request: TestNodeTypeRequest;
  readonly seconds: number;
  readonly by: string;
}

async function registerTest(
  api: ApiContext,
  { request, seconds, by }: TestPlan,
): Promise<VersionRecord> {
  const config: Json = request.config ?? {};
  const step = { id: 'test', type: request.nodeType, config, timeout: `${seconds}s` };
  const manifest = {
    apiVersion: 'behest.dev/v1',
    kind: 'Workflow',
    metadata: { name: `node-test-${request.nodeType.toLowerCase()}` },
    spec: { resume: { maxAttempts: 0 }, steps: [{ ...step, retry: { maxAttempts: 1 } }] },
  };
  const text = JSON.stringify(manifest, null, 2);
  const reading = readAll(api, { text, file: 'test.json', namespace: '', author: by });
  const [change] = reading.workflows;
  if (change === undefined) throw new Error('the manifest of a node test declares no workflow');
  const { workflow } = await writeWorkflow(api, change);
  return api.versions.one(workflow.versionId);
}

async function describeOutcome(
  api: ApiContext,
  started: RunRecord,
  seconds: number,
): Promise<TestNodeTypeResponse> {
  const run = (await api.library.getRun(started.id)) ?? started;
  const { view } = await viewRun(api, run);
  if (!isFinal(run.status)) {
    await ask(api, run, { by: '', body: { kind: 'cancel', reason: 'the test took too long' } });
    const message = `No runner finished the test within ${seconds} s (run ${run.id}, ${run.status}).`;
    throw new ConnectError(message, Code.DeadlineExceeded);
  }
  const [step] = view.steps;
  const error = step?.error ?? run.error;
  const output = showAlone(step?.output ?? null);
  const spent = (step?.finishedAt ?? 0) - (step?.startedAt ?? 0);
  return create(TestNodeTypeResponseSchema, {
    success: run.status === 'completed',
    output: toValue(output.json),
    ...(output.isOmitted ? { outputOmitted: true } : {}),
    error: run.status === 'completed' || error === null ? undefined : toErrorMessage(error),
    runId: run.id,
    durationMs: Math.max(0, Math.round(spent)),
  });
}
