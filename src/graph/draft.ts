import type { Section } from './graph.ts';
import type { NodeTraits } from './node-traits.ts';
import type { Path } from './problem.ts';
import type { PhaseSpec, StepSpec } from './spec.ts';

/** A step on its way into the graph: what was written, and where. */
export interface DraftStep {
  readonly index: number;
  readonly spec: StepSpec;
  readonly path: Path;
  readonly section: Section;
  /** Index of its phase; null outside the main section. */
  readonly phase: number | null;
  /** The step before it in its list; null for the first. */
  readonly before: number | null;
  readonly traits: NodeTraits;
}

export interface DraftPhase {
  readonly index: number;
  readonly spec: PhaseSpec;
  readonly path: Path;
}

/** All steps and phases of a spec, in the graph's order. */
export interface Draft {
  readonly phases: readonly DraftPhase[];
  readonly steps: readonly DraftStep[];
  /** The first step of each id. */
  readonly indexOf: ReadonlyMap<string, number>;
}
