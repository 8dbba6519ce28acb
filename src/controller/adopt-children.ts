import type { Fact } from '../engine/fact.ts';
import { attemptFact } from '../engine/perform.ts';
import type { Json } from '../expr/json.ts';
import type { Graph } from '../graph/graph.ts';
import type { Program } from '../graph/program.ts';
import { completeInput } from '../manifest/complete-input.ts';
import type { NewRun } from '../record/run.ts';
import type { StepError } from '../task/error.ts';
import type { ChildWish } from './advance.ts';
import type { Clock, Ledger } from './ports.ts';
import type { Programs } from './programs.ts';
import type { CachedRun } from './run-cache.ts';

/** How deep child runs may nest: a workflow that starts itself must come to an end. */
export const MAX_CHILD_DEPTH = 16;
const DEPTH_LABEL = 'behest.dev/depth';

export interface AdoptParts {
  readonly ledger: Ledger;
  readonly programs: Programs;
  readonly clock: Clock;
}

/** What becomes of a wish for a child: a run to create, a failure of the step, or neither. */
export interface Adopted {
  readonly children: readonly NewRun[];
  readonly failures: readonly Fact[];
}

interface Parent {
  readonly run: CachedRun;
  readonly wishes: readonly ChildWish[];
}

/**
 * Finds the newest version of each workflow that a child is wished of and completes the child's
 * input by its schema. One answer a parent, in order.
 */
export async function adoptChildren(
  parts: AdoptParts,
  parents: readonly Parent[],
): Promise<Adopted[]> {
  const wishes = parents.flatMap((parent) => parent.wishes);
  if (wishes.length === 0) return parents.map(() => ({ children: [], failures: [] }));
  const found = await parts.ledger.findWorkflows(
    wishes.map(({ namespace, workflow }) => ({ namespace, name: workflow })),
  );
  const versions = new Map(found.map((each) => [`${each.namespace}/${each.name}`, each.versionId]));
  const programOf = await parts.programs.load([...versions.values()]);
  const born = await bornChildren(
    parts,
    parents.flatMap(({ run, wishes: own }) => (run.isFresh ? own : [])),
  );
  const now = parts.clock.now();
  return parents.map(({ run, wishes: own }) => {
    const children: NewRun[] = [];
    const failures: Fact[] = [];
    for (const wish of own) {
      if (born.has(wish.runId)) continue;
      const versionId = versions.get(keyOf(wish));
      if (versionId === undefined) {
        failures.push(failure(run, wish, noSuchWorkflow(wish)));
        continue;
      }
      const made = inputOf(run, wish, () => programOf(versionId));
      if ('error' in made) failures.push(failure(run, wish, made.error));
      else children.push(childRun(run, wish, { versionId, input: made.input, now }));
    }
    return { children, failures };
  });
}

function keyOf({ namespace, workflow }: ChildWish): string {
  return `${namespace}/${workflow}`;
}

/**
 * Children that run already: a parent that is read from the record wishes for them again. What has
 * become of their workflow or its schema since is nothing to them.
 */
async function bornChildren(
  { ledger }: AdoptParts,
  wishes: readonly ChildWish[],
): Promise<ReadonlySet<string>> {
  if (wishes.length === 0) return new Set();
  const seqs = await ledger.currentSeqs(wishes.map(({ runId }) => runId));
  return new Set(seqs.keys());
}

function failure(run: CachedRun, wish: ChildWish, error: StepError): Fact {
  return attemptFact(run.state, wish.ref, { kind: 'failed', error });
}

function noSuchWorkflow({ namespace, workflow }: ChildWish): StepError {
  const message = `There is no workflow "${workflow}" in namespace "${namespace}" to start as a child.`;
  return { class: 'hard', code: 'invalid_input', message };
}

function inputOf(
  run: CachedRun,
  wish: ChildWish,
  programOf: () => Program,
): { readonly input: Json } | { readonly error: StepError } {
  if (depthOf(run) >= MAX_CHILD_DEPTH) {
    const message = `Child runs nest more than ${MAX_CHILD_DEPTH} deep; does workflow "${wish.workflow}" start itself?`;
    return { error: { class: 'hard', code: 'limit', message } };
  }
  let schema: Graph['input'];
  try {
    schema = programOf().graph.input;
  } catch (error) {
    // Its own step fails, not the whole batch.
    const why = error instanceof Error ? error.message : String(error);
    const message = `Workflow "${wish.workflow}" cannot be started as a child: ${why}`;
    return { error: { class: 'hard', code: 'internal', message } };
  }
  const { input, problems } = completeInput(schema, wish.input);
  const [first] = problems;
  if (first === undefined) return { input };
  const message = `The input of child workflow "${wish.workflow}" does not fit its schema: input${first.pointer} ${first.message}.`;
  return { error: { class: 'hard', code: 'invalid_input', message } };
}

function depthOf({ record }: CachedRun): number {
  return Number(record.labels[DEPTH_LABEL] ?? 0);
}

interface Made {
  readonly versionId: string;
  readonly input: Json;
  readonly now: number;
}

function childRun(run: CachedRun, wish: ChildWish, made: Made): NewRun {
  const stepId = run.program.steps[wish.ref.step]?.id ?? '';
  return {
    id: wish.runId,
    namespace: wish.namespace,
    workflow: wish.workflow,
    versionId: made.versionId,
    input: made.input,
    labels: { [DEPTH_LABEL]: String(depthOf(run) + 1) },
    cause: { kind: 'parent', name: `${run.record.id}/${stepId}` },
    createdBy: run.record.createdBy,
    createdAt: made.now,
    idempotencyKey: null,
    parent: { runId: run.record.id, ...wish.ref },
  };
}
