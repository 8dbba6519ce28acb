import { didYouMean } from '../expr/suggest.ts';
import type { Branch } from './branches.ts';
import type { Draft, DraftStep } from './draft.ts';
import type { Edge } from './graph.ts';
import type { PhaseNeeds } from './phase-needs.ts';
import type { Path } from './problem.ts';
import type { Problems } from './problems.ts';

/** What the edges of a step are made from. */
export interface EdgeSources {
  readonly draft: Draft;
  readonly phases: PhaseNeeds;
  readonly branches: ReadonlyMap<number, readonly Branch[]>;
  readonly problems: Problems;
}

/**
 * The edges into each step:
 * - with `needs`, exactly those, and the steps that branch to it;
 * - without, when some step branches to it, just those branches;
 * - else the step before it in its list, and none for the first, which its phase holds back.
 */
export function resolveEdges(sources: EdgeSources): readonly (readonly Edge[])[] {
  return sources.draft.steps.map((step) => edgesOf(step, sources));
}

function edgesOf(step: DraftStep, sources: EdgeSources): readonly Edge[] {
  const branches = (sources.branches.get(step.index) ?? []).filter((branch) =>
    isReachable(step, branch, sources),
  );
  const guarded = branches.map(({ from, branch }): Edge => ({ from, branch }));
  const { needs } = step.spec;
  if (needs === undefined) {
    if (sources.branches.has(step.index)) return guarded;
    return step.before === null ? [] : [{ from: step.before, branch: null }];
  }
  const branching = new Set(guarded.map(({ from }) => from));
  const plain = explicitNeeds(step, needs, sources).filter((from) => !branching.has(from));
  return [...plain.map((from): Edge => ({ from, branch: null })), ...guarded];
}

function explicitNeeds(
  step: DraftStep,
  needs: readonly string[],
  sources: EdgeSources,
): readonly number[] {
  const found = new Set<number>();
  needs.forEach((id, position) => {
    const need = needOf(step, { id, path: [...step.path, 'needs', position] }, sources);
    if (need !== null) found.add(need);
  });
  return [...found];
}

function needOf(
  step: DraftStep,
  { id, path }: { readonly id: string; readonly path: Path },
  { draft, phases, problems }: EdgeSources,
): number | null {
  const need = draft.steps[draft.indexOf.get(id) ?? -1];
  if (need === undefined) {
    const isPhase = draft.phases.some(({ spec }) => spec.name === id);
    const hint = (): string | undefined =>
      isPhase
        ? 'That is a phase; `needs` of a step names steps, `needs` of a phase names phases.'
        : didYouMean(id, draft.indexOf.keys());
    problems.error('unknown-need', path, { message: `There is no step "${id}".`, hint });
    return null;
  }
  if (need.index === step.index) {
    problems.error('self-need', path, { message: `Step "${id}" needs itself.` });
    return null;
  }
  if (need.section !== step.section) {
    const message = `Step "${step.spec.id}" in ${step.section} cannot need "${id}" in ${need.section}.`;
    const hint =
      step.section === 'main'
        ? 'onFailure and finally steps run after all main steps.'
        : 'It starts after the main steps anyway; its templates may read them all.';
    problems.error('other-section', path, { message, hint });
    return null;
  }
  return isPhaseBefore(step, need, { phases, problems, draft, path }) ? need.index : null;
}

function isPhaseBefore(
  step: DraftStep,
  need: DraftStep,
  place: Pick<EdgeSources, 'phases' | 'problems' | 'draft'> & { readonly path: Path },
): boolean {
  if (step.phase === null || need.phase === null || step.phase === need.phase) return true;
  if (place.phases.isUpstream(step.phase, need.phase)) return true;
  const own = place.draft.phases[step.phase]?.spec.name ?? '';
  const other = place.draft.phases[need.phase]?.spec.name ?? '';
  place.problems.error('need-outside-phase', place.path, {
    message: `"${need.spec.id}" is a step of phase "${other}", which phase "${own}" does not need.`,
    hint: `Add "${other}" to the needs of phase "${own}", or move the step.`,
  });
  return false;
}

function isReachable(step: DraftStep, branch: Branch, sources: EdgeSources): boolean {
  const from = sources.draft.steps[branch.from];
  if (from === undefined) return false;
  if (step.phase === null || from.phase === null || step.phase === from.phase) return true;
  if (sources.phases.isUpstream(step.phase, from.phase)) return true;
  const name = sources.draft.phases[step.phase]?.spec.name ?? '';
  sources.problems.error('need-outside-phase', branch.path, {
    message: `"${step.spec.id}" is a step of phase "${name}", which does not come after this phase.`,
    hint: 'A branch leads to a step of its own phase or of a later one.',
  });
  return false;
}
