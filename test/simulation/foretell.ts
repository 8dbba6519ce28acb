import type { Json, JsonObject } from '../../src/expr/json.ts';
import type { Graph, Section, Step } from '../../src/graph/graph.ts';
import { NO_ITEM } from '../../src/task/task.ts';
import { type Behaviour, outcomeOf } from './behaviour.ts';

/** A workflow as the oracle needs it. */
export interface Told {
  readonly graph: Graph;
  readonly behaviour: Behaviour;
}

/** How a step ends. */
export interface StepEnd {
  readonly status: 'completed' | 'failed' | 'skipped';
  readonly skipReason: 'branch' | 'when' | 'upstream' | null;
  readonly output: Json;
  readonly count: number;
}

/** How a run ends. Of one that fails only that: how far it comes depends on what is faster. */
export type RunEnd =
  | { readonly status: 'failed' }
  | { readonly status: 'completed'; readonly steps: readonly StepEnd[]; readonly output: Json };

type Ended = StepEnd & { readonly branch: string | null; readonly isFatal: boolean };

interface Result {
  readonly hasFailed: boolean;
  readonly output: Json;
  readonly branch?: string;
}

/**
 * How a run ends by what the graph means, worked out step by step without the engine, for runs that
 * no time limit, spent retry or person interferes with. Knows the expressions of random graphs only.
 */
export function foretell(told: Told, input: Json, child: (name: string) => Told | null): RunEnd {
  return new Foretelling(told, input as JsonObject, child).end();
}

class Foretelling {
  readonly #told: Told;
  readonly #input: JsonObject;
  readonly #child: (name: string) => Told | null;
  readonly #ends: Ended[] = [];

  constructor(told: Told, input: JsonObject, child: (name: string) => Told | null) {
    this.#told = told;
    this.#input = input;
    this.#child = child;
  }

  /** Edges point back, so the declared order is an order of time. */
  end(): RunEnd {
    const { steps } = this.#told.graph;
    steps.forEach((step, index) => this.#ends.push(this.#step(step, index)));
    const hasFailed = (section: Section) =>
      this.#ends.some(({ isFatal }, index) => isFatal && steps[index]?.section === section);
    if (hasFailed('main') || hasFailed('finally')) return { status: 'failed' };
    const ends = this.#ends.map(({ status, skipReason, output, count }) => {
      return { status, skipReason, output, count };
    });
    return { status: 'completed', steps: ends, output: this.#output() };
  }

  #output(): JsonObject {
    const { steps } = this.#told.graph;
    const needed = new Set(steps.flatMap(({ needs }) => needs.map(({ from }) => from)));
    const last = steps.flatMap(({ id, section }, index): [string, Json][] => {
      const end = this.#ends[index];
      const isLast = section === 'main' && !needed.has(index) && end?.status === 'completed';
      return isLast ? [[id, end.output]] : [];
    });
    return Object.fromEntries(last);
  }

  #step(step: Step, index: number): Ended {
    // Nothing has failed in a run whose end is told whole.
    const reason = step.section === 'onFailure' ? null : this.#skipReason(step);
    if (step.section === 'onFailure' || reason !== null) {
      const skipped = { status: 'skipped', skipReason: reason, output: null } as const;
      return { ...skipped, count: NO_ITEM, branch: null, isFatal: false };
    }
    const count = listLength(step);
    if (count === null) return ended(step, this.#attempts(step, index, NO_ITEM), NO_ITEM);
    const items = Array.from({ length: count }, (_, item) => this.#attempts(step, index, item));
    const isTolerant = step.onError === 'continue';
    const hasFailed = !isTolerant && items.some((item) => item.hasFailed);
    return ended(step, { hasFailed, output: items.map(({ output }) => output) }, count);
  }

  #skipReason(step: Step): StepEnd['skipReason'] {
    const sources = new Set(step.needs.map(({ from }) => from));
    const live = [...sources].filter((from) => this.#isLive(step, from)).length;
    const isAny = step.join === 'any' && sources.size > 0;
    if (isAny ? live === 0 : live < sources.size) {
      const isUpstream = [...sources].some((from) => this.#ends[from]?.status === 'skipped');
      return isUpstream ? 'upstream' : 'branch';
    }
    const holds = step.when === null || this.#holds(step.when);
    return holds ? null : 'when';
  }

  /** Edges from one step count as one. */
  #isLive({ needs }: Step, from: number): boolean {
    const source = this.#ends[from];
    if (source === undefined || source.status === 'skipped') return false;
    return needs.some((need) => {
      return need.from === from && (need.branch === null || need.branch === source.branch);
    });
  }

  #holds(condition: string): boolean {
    if (condition === 'input.flag') return this.#input['flag'] === true;
    if (condition === 'true' || condition === 'false') return condition === 'true';
    throw new Error(`the oracle does not know the condition ${condition}`);
  }

  /** Retried until it comes out one way or the other: the resume service never tires here. */
  #attempts(step: Step, index: number, item: number): Result {
    switch (step.type) {
      case 'workflow':
        return this.#childEnd(step);
      case 'wait':
        return { hasFailed: false, output: null };
      case 'start':
        return { hasFailed: false, output: this.#input };
      case 'transform':
        return { hasFailed: false, output: this.#input['flag'] ?? null };
      case 'conditional': {
        const result = this.#holds('input.flag');
        return { hasFailed: false, output: { result }, branch: String(result) };
      }
      case 'switch': {
        const value = this.#input['kind'] ?? null;
        const branch = value === 'a' || value === 'b' ? value : 'default';
        return { hasFailed: false, output: { value, case: branch }, branch };
      }
      default:
        return this.#worked(index, item);
    }
  }

  #worked(step: number, item: number): Result {
    for (let attempt = 1; attempt < 10_000; attempt += 1) {
      const outcome = outcomeOf(this.#told.behaviour, this.#input, { step, item, attempt });
      if (outcome.kind === 'completed') return { hasFailed: false, output: outcome.output };
      const isFinal = outcome.kind === 'failed' && outcome.error.class === 'hard';
      if (isFinal) return { hasFailed: true, output: null };
    }
    throw new Error(`step ${step} never comes to an end`);
  }

  #childEnd({ config }: Step): Result {
    const told = this.#child(textOf(config['workflow']));
    if (told === null) return { hasFailed: true, output: null };
    const end = foretell(told, config['input'] ?? {}, this.#child);
    return end.status === 'completed'
      ? { hasFailed: false, output: end.output }
      : { hasFailed: true, output: null };
  }
}

function ended(step: Step, { hasFailed, output, branch }: Result, count: number): Ended {
  const status = hasFailed ? 'failed' : 'completed';
  const isFatal = hasFailed && step.onError === 'fail';
  return { status, skipReason: null, output, count, branch: branch ?? null, isFatal };
}

/** Null without `forEach`. */
function listLength({ forEach }: Step): number | null {
  if (forEach === null) return null;
  const length = /^\{\{ range\((\d+)\) \}\}$/.exec(textOf(forEach))?.[1];
  if (length === undefined) throw new Error(`the oracle does not know the list ${textOf(forEach)}`);
  return Number(length);
}

function textOf(value: Json | undefined): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
