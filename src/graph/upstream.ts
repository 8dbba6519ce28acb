import type { Names } from '../expr/scope.ts';
import { BitSets } from './bit-sets.ts';
import type { Draft, DraftStep } from './draft.ts';
import type { Edge } from './graph.ts';
import type { PhaseNeeds } from './phase-needs.ts';
import type { Problems } from './problems.ts';
import { topologicalOrder } from './topological-order.ts';

/** Which steps are certain to have settled before another one starts. */
export class Upstream {
  readonly #draft: Draft;
  readonly #phases: PhaseNeeds;
  /** Null when the edges have a cycle: then nothing is said of what is upstream. */
  readonly #ancestors: BitSets | null;
  /** Ids of all steps that an expression may name at all, for "not upstream". */
  readonly #all: ReadonlySet<string>;
  readonly #main: ReadonlySet<string>;

  private constructor(draft: Draft, phases: PhaseNeeds, ancestors: BitSets | null) {
    this.#draft = draft;
    this.#phases = phases;
    this.#ancestors = ancestors;
    this.#all = new Set(draft.indexOf.keys());
    this.#main = new Set(
      draft.steps.filter(({ section }) => section === 'main').map(({ spec }) => spec.id),
    );
  }

  /** Follows the edges; a cycle is reported by its steps' ids. */
  static of(
    graph: {
      readonly draft: Draft;
      readonly phases: PhaseNeeds;
      readonly edges: readonly (readonly Edge[])[];
    },
    problems: Problems,
  ): Upstream {
    const { draft, phases, edges } = graph;
    const needs = edges.map((list) => list.map(({ from }) => from));
    const ordering = topologicalOrder(needs);
    if (!ordering.ok) {
      reportCycle(draft, ordering.cycle, problems);
      return new Upstream(draft, phases, null);
    }
    const ancestors = new BitSets(needs.length, needs.length);
    for (const index of ordering.order) {
      for (const need of needs[index] ?? []) {
        ancestors.add(index, need);
        ancestors.addAll(index, need);
      }
    }
    return new Upstream(draft, phases, ancestors);
  }

  isUpstream(step: DraftStep, other: DraftStep): boolean {
    if (this.#ancestors === null || this.#ancestors.has(step.index, other.index)) return true;
    if (step.section === 'onFailure') return other.section === 'main';
    if (step.section === 'finally') return other.section !== 'finally';
    if (step.phase === null || other.phase === null) return false;
    return this.#phases.isUpstream(step.phase, other.phase);
  }

  /** What the expressions of a step may read. */
  namesOf(step: DraftStep, allowed: { readonly item: boolean; readonly secrets: boolean }): Names {
    return { steps: new UpstreamIds(this, step, this.#draft), allSteps: this.#all, ...allowed };
  }

  /** What the workflow's output may read: every main step. */
  outputNames(): Names {
    return { steps: this.#main, allSteps: this.#all, item: false, secrets: false };
  }
}

function reportCycle(draft: Draft, cycle: readonly number[], problems: Problems): void {
  const [first = 0] = cycle;
  const ids = [...cycle, first].map((index) => draft.steps[index]?.spec.id ?? '');
  const step = draft.steps[first];
  const path = step?.spec.needs === undefined ? ['id'] : ['needs'];
  problems.error('cycle', [...(step?.path ?? []), ...path], {
    message: `The steps wait for each other: ${ids.join(' → ')}.`,
    hint: 'Each arrow leads to a step that needs the one before it. Remove one of them.',
  });
}

/**
 * The ids upstream of one step, as a view: a set for each of ten thousand steps would hold fifty
 * million ids. Checking an expression asks only `has`.
 */
class UpstreamIds implements ReadonlySet<string> {
  readonly #upstream: Upstream;
  readonly #step: DraftStep;
  readonly #draft: Draft;

  constructor(upstream: Upstream, step: DraftStep, draft: Draft) {
    this.#upstream = upstream;
    this.#step = step;
    this.#draft = draft;
  }

  has(id: string): boolean {
    const other = this.#draft.steps[this.#draft.indexOf.get(id) ?? -1];
    return other !== undefined && this.#upstream.isUpstream(this.#step, other);
  }

  get size(): number {
    return [...this.values()].length;
  }

  *values(): SetIterator<string> {
    for (const id of this.#draft.indexOf.keys()) if (this.has(id)) yield id;
  }

  keys(): SetIterator<string> {
    return this.values();
  }

  *entries(): SetIterator<[string, string]> {
    for (const id of this.values()) yield [id, id];
  }

  forEach(visit: (value: string, key: string, set: ReadonlySet<string>) => void): void {
    for (const id of this.values()) visit(id, id, this);
  }

  [Symbol.iterator](): SetIterator<string> {
    return this.values();
  }
}
