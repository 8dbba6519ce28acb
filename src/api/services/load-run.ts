import { isFinal, type RecordedFact, type RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import { MAX_DATA_BYTES } from '../answer-size.ts';
import type { ApiContext } from '../api-context.ts';
import { toRun } from '../convert/run.ts';
import type { RunView } from '../../engine/view.ts';
import type { Run } from '../../gen/behest/v1/run_pb.ts';
import type { FactSelection } from '../ports.ts';

const ROWS = 5000;

/** A run as its facts tell it. */
export interface ViewedRun {
  readonly run: RunRecord;
  readonly version: VersionRecord;
  readonly view: RunView;
}

/** Which outputs are read; of the others a view only says that they are there. */
export type Wanted = Pick<FactSelection, 'bytes' | 'step' | 'item'>;

/** As JSON, which is longer than the data of an answer where its texts are full of escapes. */
const someOutputs: Wanted = { bytes: 2 * MAX_DATA_BYTES, step: null, item: null };

export async function viewRun(
  context: ApiContext,
  run: RunRecord,
  wanted: Wanted = someOutputs,
): Promise<ViewedRun> {
  const version = await context.versions.one(run.versionId);
  const isWhole = !isFinal(run.status) && decidesByOutputs(version);
  // Without a fact at the time of its record, a run is as its record says.
  const facts =
    run.seq === 0 ? [] : await loadFacts(context, run.id, isWhole ? allOutputs : wanted);
  return { run, version, view: context.viewer.view(version, run, facts) };
}

const allOutputs: Wanted = { bytes: Number.MAX_SAFE_INTEGER, step: null, item: null };

/** What such a run does next, and so what its view shows, depends on outputs of any size. */
function decidesByOutputs({ graph }: VersionRecord): boolean {
  return graph.steps.some(({ when, type }) => when !== null || type === 'wait');
}

export async function fullRun(context: ApiContext, run: RunRecord): Promise<Run> {
  const viewed = await viewRun(context, run);
  return toRun(viewed.run, viewed.view);
}

export async function loadFacts(
  { library }: Pick<ApiContext, 'library'>,
  runId: string,
  wanted: Wanted,
): Promise<RecordedFact[]> {
  const facts: RecordedFact[] = [];
  let { bytes } = wanted;
  for (;;) {
    const afterSeq = facts.at(-1)?.seq ?? 0;
    const page = await library.factsWithin(runId, { ...wanted, bytes, afterSeq, rows: ROWS });
    for (const fact of page.facts) facts.push(fact);
    bytes -= page.bytes;
    if (page.facts.length < ROWS) return facts;
  }
}
