import type {
  GetInputRequest,
  GetOutputRequest,
  GetStepRequest,
} from '../../gen/behest/v1/run_service_pb.ts';
import type { StepRun } from '../../gen/behest/v1/run_pb.ts';
import type { HttpBody } from '../../gen/google/api/httpbody_pb.ts';
import type { Json } from '../../expr/json.ts';
import type { RecordedFact, RunRecord } from '../../record/run.ts';
import { isUnread } from '../../record/unread.ts';
import { MAX_DATA_BYTES, showAlone } from '../answer-size.ts';
import type { ApiContext } from '../api-context.ts';
import { toStepRun } from '../convert/run.ts';
import { invalidField, precondition } from '../fault.ts';
import { findRun } from './find-run.ts';
import { findStepIndex } from './find-step.ts';
import { loadFacts, viewRun } from './load-run.ts';
import { jsonBody } from './piece.ts';

/** Of JSON: what is put together for one answer. */
export const MAX_OUTPUT_BYTES = 64 * 1024 * 1024;

export async function getStep(api: ApiContext, request: GetStepRequest): Promise<StepRun> {
  const run = await findRun(api.library, request.runId);
  const index = await findStep(api, run, request.step);
  const { view } = await viewRun(api, run, { bytes: MAX_DATA_BYTES, step: index, item: null });
  const step = view.steps[index];
  if (step === undefined) throw new Error(`run ${run.id} has no step ${index}`);
  return toStepRun({ step, output: showAlone(step.output), isErrorCut: false });
}

export async function getInput(api: ApiContext, request: GetInputRequest): Promise<HttpBody> {
  const { input } = await findRun(api.library, request.runId);
  return jsonBody(input, request);
}

export async function getOutput(api: ApiContext, request: GetOutputRequest): Promise<HttpBody> {
  const run = await findRun(api.library, request.runId);
  return jsonBody(await findOutput(api, run, request), request);
}

async function findOutput(
  api: ApiContext,
  run: RunRecord,
  request: GetOutputRequest,
): Promise<Json> {
  if (request.step === '') {
    if (request.item === undefined) return run.output;
    throw invalidField('item', 'an item is one of a step: give the step too');
  }
  const step = await findStep(api, run, request.step);
  const output =
    request.item === undefined
      ? await stepOutput(api, run, step)
      : await itemOutput(api, run, { step, item: request.item });
  if (!isUnread(output)) return output;
  const limit = `${MAX_OUTPUT_BYTES} bytes`;
  throw precondition(`The output of step "${request.step}" has more than ${limit}; get its items.`);
}

/** Without the outputs that other steps depend on: what those do next is not shown here. */
async function stepOutput(api: ApiContext, run: RunRecord, step: number): Promise<Json> {
  const version = await api.versions.one(run.versionId);
  const facts = await loadFacts(api, run.id, { bytes: MAX_OUTPUT_BYTES, step, item: null });
  return api.viewer.view(version, run, facts).steps[step]?.output ?? null;
}

/** Of its latest attempt that completed, also while the others are still under way. */
async function itemOutput(
  api: ApiContext,
  run: RunRecord,
  place: { readonly step: number; readonly item: number },
): Promise<Json> {
  const facts = await loadFacts(api, run.id, { bytes: MAX_OUTPUT_BYTES, ...place });
  const isOfItem = ({ fact }: RecordedFact): boolean =>
    fact.kind === 'attempt' && fact.step === place.step && fact.item === place.item;
  const last = facts.findLast(isOfItem)?.fact;
  if (last?.kind !== 'attempt' || last.outcome.kind !== 'completed') return null;
  return last.outcome.output;
}

async function findStep(api: ApiContext, run: RunRecord, text: string): Promise<number> {
  return findStepIndex(await api.versions.one(run.versionId), { text, field: 'step' });
}
