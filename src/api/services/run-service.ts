import type { ServiceImpl } from '@connectrpc/connect';
import type { RunService } from '../../gen/behest/v1/run_service_pb.ts';
import { principalOf, type ApiContext } from '../api-context.ts';
import { execute } from './execute.ts';
import { toExecution } from './execution.ts';
import { findRun } from './find-run.ts';
import { listRuns } from './list-runs.ts';
import { fullRun, viewRun } from './load-run.ts';
import { followLogs, getLogs } from './logs.ts';
import { getInput, getOutput, getStep } from './outputs.ts';
import { cancel, retry } from './run-requests.ts';
import { submit, toSubmitted } from './submit.ts';
import { watchRun } from './watch-run.ts';

export function createRunService(api: ApiContext): ServiceImpl<typeof RunService> {
  const { library } = api;
  return {
    execute: (request, context) => execute(api, request, principalOf(context)),
    retry: (request, context) => retry(api, request, principalOf(context)),
    cancel: (request, context) => cancel(api, request, principalOf(context)),
    listRuns: (request) => listRuns(api, request),
    getRun: async ({ runId }) => fullRun(api, await findRun(library, runId)),
    getExecution: async ({ runId }) =>
      toExecution(await viewRun(api, await findRun(library, runId))),
    getStep: (request) => getStep(api, request),
    getOutput: (request) => getOutput(api, request),
    getInput: (request) => getInput(api, request),
    watchRun: (request, { signal }) => watchRun(api, request, signal),
    getLogs: (request) => getLogs(api, request),
    followLogs: (request, { signal }) => followLogs(api, request, signal),
    submit: (request, context) => submit(api, request, principalOf(context)),
    getSubmitted: async ({ runId }) =>
      toSubmitted(await viewRun(api, await findRun(library, runId))),
  };
}
