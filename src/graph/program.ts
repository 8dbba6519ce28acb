import type { Condition } from '../expr/condition.ts';
import type { ConfigTemplate, Template } from '../expr/template.ts';
import type { Graph, Section, Step } from './graph.ts';

/** A graph with its expressions compiled and its edges turned round: made once per version. */
export interface Program {
  readonly graph: Graph;
  readonly steps: readonly ProgramStep[];
  readonly indexOf: ReadonlyMap<string, number>;
  readonly phases: readonly ProgramPhase[];
  readonly output: Template | null;
  /** Main steps with no successor; their outputs by id are the default output. */
  readonly sinks: readonly number[];
  /** Steps with `forEach`, by index. */
  readonly fans: readonly number[];
  /** Compiled `graph.resume.when`, in order. */
  readonly resumeWhen: readonly (
    | { readonly kind: 'http'; readonly url: Template }
    | { readonly kind: 'secret'; readonly name: string }
    | { readonly kind: 'expr'; readonly condition: Condition }
  )[];
}

export interface ProgramStep {
  readonly index: number;
  readonly id: string;
  readonly section: Section;
  readonly definition: Step;
  /** Steps (by index, each once) that have an edge from this one. */
  readonly successors: readonly number[];
  readonly when: Condition | null;
  readonly forEach: Template | null;
  /** Everything of the config but a conditional's `condition`. */
  readonly config: ConfigTemplate;
  /** Only for `conditional`: its compiled `config.condition`. */
  readonly condition: Condition | null;
}

export interface ProgramPhase {
  readonly index: number;
  readonly needs: readonly number[];
  /** Phases that need this one. */
  readonly successors: readonly number[];
  readonly steps: readonly number[];
}
