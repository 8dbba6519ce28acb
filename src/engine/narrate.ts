import type { Json } from '../expr/json.ts';
import type { Program } from '../graph/program.ts';
import type { RecordedFact, RunStatus } from '../record/run.ts';
import type { StepError } from '../task/error.ts';
import { NO_ITEM } from '../task/task.ts';
import type { AttemptFact, Fact, RunError } from './fact.ts';
import { admits, fold } from './fold.ts';
import { isReady } from './settle.ts';
import { isSettled, type RunState } from './state.ts';
import { nextWake, runStatus } from './status.ts';
import { progressOf } from './view.ts';

/** One event of a run's story. */
export type NarratedEvent = { readonly at: number } & (
  | {
      readonly kind: 'status';
      readonly status: RunStatus;
      readonly reason: string;
      readonly wakeAt: number | null;
    }
  /** A step became ready, or a run came further. */
  | { readonly kind: 'progress'; readonly step: number; readonly progress: number }
  | {
      readonly kind: 'checkpoint';
      readonly step: number;
      /** Null outside a fan-out. */
      readonly item: number | null;
      readonly attempt: number;
      readonly status: 'completed' | 'failed' | 'skipped' | 'cancelled';
      readonly output: Json;
      readonly error: StepError | null;
    }
  | { readonly kind: 'complete'; readonly result: Json }
  | {
      readonly kind: 'error';
      readonly status: 'failed' | 'cancelled';
      readonly error: RunError | null;
    }
);

/** Tells the story of a run, fact by fact. The same facts always make the same events. */
export class Narrator {
  readonly #program: Program;
  readonly #state: RunState;
  /** Steps that have been told of as under way. */
  readonly #told = new Set<number>();
  #status: RunStatus = 'pending';

  /** `state` is that of a run before its first fact; the narrator owns it. */
  constructor(program: Program, state: RunState) {
    this.#program = program;
    this.#state = state;
  }

  /** What this fact means to a watcher, in order; facts come in order, each once. */
  tell({ fact }: RecordedFact): readonly NarratedEvent[] {
    const state = this.#state;
    if (!admits(this.#program, state, fact)) return [];
    fold(this.#program, state, withoutOutput(fact));
    state.now = fact.at;
    const events: NarratedEvent[] = [];
    if (fact.kind === 'attempt') events.push(checkpointEvent(fact));
    if (fact.kind === 'skipped') events.push(skipEvent(fact));
    if (fact.kind === 'reopened') this.#forget();
    events.push(...this.#opened(fact), ...this.#statusChange(fact));
    return events;
  }

  progress(): number {
    return progressOf(this.#program, this.#state);
  }

  #forget(): void {
    for (const index of this.#told) {
      const step = this.#state.steps[index];
      if (step !== undefined && !isSettled(step)) this.#told.delete(index);
    }
  }

  /** Steps that this fact made ready; the touched ones are on the state's list of dirty steps. */
  #opened(fact: Fact): NarratedEvent[] {
    const state = this.#state;
    const events: NarratedEvent[] = [];
    for (const index of [...state.dirty].sort((a, b) => a - b)) {
      const step = state.steps[index];
      const isNew = step !== undefined && !isSettled(step) && !this.#told.has(index);
      if (!isNew || !isReady(this.#program, state, index)) continue;
      this.#told.add(index);
      events.push({
        kind: 'progress',
        at: fact.at,
        step: index,
        progress: progressOf(this.#program, state),
      });
    }
    state.dirty.clear();
    return events;
  }

  #statusChange(fact: Fact): NarratedEvent[] {
    const state = this.#state;
    if (fact.kind === 'finished') {
      this.#status = fact.status;
      if (fact.status === 'completed')
        return [{ kind: 'complete', at: fact.at, result: fact.output }];
      return [{ kind: 'error', at: fact.at, status: fact.status, error: fact.error }];
    }
    const status = runStatus(this.#program, state);
    if (status === this.#status) return [];
    this.#status = status;
    const wakeAt = nextWake(this.#program, state);
    return [{ kind: 'status', at: fact.at, status, reason: state.resumeNote ?? '', wakeAt }];
  }
}

/** No event depends on an earlier output: a state that kept them would hold all of a large run. */
function withoutOutput(fact: Fact): Fact {
  if (fact.kind !== 'attempt' || fact.outcome.kind !== 'completed') return fact;
  return { ...fact, outcome: { kind: 'completed', output: null } };
}

function checkpointEvent(fact: AttemptFact): NarratedEvent {
  const { at, step, item, attempt, outcome } = fact;
  return {
    kind: 'checkpoint',
    at,
    step,
    item: item === NO_ITEM ? null : item,
    attempt,
    status: outcome.kind,
    output: outcome.kind === 'completed' ? outcome.output : null,
    error: outcome.kind === 'failed' ? outcome.error : null,
  };
}

function skipEvent(fact: Extract<Fact, { kind: 'skipped' }>): NarratedEvent {
  const { at, step } = fact;
  const rest = { item: null, attempt: 0, output: null, error: null } as const;
  return { kind: 'checkpoint', at, step, status: 'skipped', ...rest };
}
