import type { RecordedFact, RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { ApiContext } from '../api-context.ts';
import { toRun } from '../convert/run.ts';
import type { RunView } from '../../engine/view.ts';
import type { Run } from '../../gen/behest/v1/run_pb.ts';

const PAGE = 5000;

/** A run as its facts tell it. */
export interface ViewedRun {
  readonly run: RunRecord;
  readonly version: VersionRecord;
  readonly view: RunView;
}

export async function viewRun(context: ApiContext, run: RunRecord): Promise<ViewedRun> {
  const version = await context.versions.one(run.versionId);
  const facts = await allFacts(context, run.id);
  return { run, version, view: context.viewer.view(version, run, facts) };
}

export async function fullRun(context: ApiContext, run: RunRecord): Promise<Run> {
  const viewed = await viewRun(context, run);
  return toRun(viewed.run, viewed.view);
}

async function allFacts({ library }: ApiContext, runId: string): Promise<RecordedFact[]> {
  const facts: RecordedFact[] = [];
  for (;;) {
    const page = await library.factsSince(runId, facts.at(-1)?.seq ?? 0, PAGE);
    facts.push(...page);
    if (page.length < PAGE) return facts;
  }
}
