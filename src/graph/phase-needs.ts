import { didYouMean } from '../expr/suggest.ts';
import { BitSets } from './bit-sets.ts';
import type { DraftPhase } from './draft.ts';
import type { Problems } from './problems.ts';
import { topologicalOrder } from './topological-order.ts';

/** How the phases wait for each other. */
export interface PhaseNeeds {
  readonly needs: readonly (readonly number[])[];
  /** Whether phase `index` starts only after phase `other` has ended. */
  isUpstream(index: number, other: number): boolean;
}

/** A phase needs the phases that it names; by default the one before it. */
export function resolvePhaseNeeds(phases: readonly DraftPhase[], problems: Problems): PhaseNeeds {
  const indexOf = new Map(phases.toReversed().map(({ spec, index }) => [spec.name, index]));
  const needs = phases.map((phase) => needsOf(phase, indexOf, problems));
  const ordering = topologicalOrder(needs);
  const upstream = new BitSets(phases.length, phases.length);
  if (ordering.ok) {
    for (const index of ordering.order) {
      for (const need of needs[index] ?? []) {
        upstream.add(index, need);
        upstream.addAll(index, need);
      }
    }
  } else reportCycle(phases, ordering.cycle, problems);
  return { needs, isUpstream: (index, other) => upstream.has(index, other) };
}

function needsOf(
  phase: DraftPhase,
  indexOf: ReadonlyMap<string, number>,
  problems: Problems,
): readonly number[] {
  const { needs } = phase.spec;
  if (needs === undefined) return phase.index === 0 ? [] : [phase.index - 1];
  const found = new Set<number>();
  needs.forEach((name, position) => {
    const path = [...phase.path, 'needs', position];
    const need = indexOf.get(name);
    if (need === undefined) {
      const message = `There is no phase "${name}".`;
      const hint = (): string | undefined => didYouMean(name, indexOf.keys());
      problems.error('unknown-phase', path, { message, hint });
    } else if (need === phase.index) {
      problems.error('self-need', path, { message: `Phase "${name}" needs itself.` });
    } else found.add(need);
  });
  return [...found];
}

function reportCycle(
  phases: readonly DraftPhase[],
  cycle: readonly number[],
  problems: Problems,
): void {
  const [first = 0] = cycle;
  const names = [...cycle, first].map((index) => phases[index]?.spec.name ?? '');
  problems.error('cycle', [...(phases[first]?.path ?? []), 'needs'], {
    message: `The phases wait for each other: ${names.join(' → ')}.`,
    hint: 'Remove one of these needs.',
  });
}
