import type { AttemptRef, Decision } from '../engine/decision.ts';
import type { Fact, RecordableFact, VolatileFact } from '../engine/fact.ts';
import { admits, fold } from '../engine/fold.ts';
import { attemptFact, isPure, perform } from '../engine/perform.ts';
import { isLeftBehind, possiblyUnderWay } from '../engine/left-behind.ts';
import { plan } from '../engine/plan.ts';
import { type ChildStart, prepareChild, prepareTask } from '../engine/prepare.ts';
import type { RunState } from '../engine/state.ts';
import { setTimer, wakeTimers } from '../engine/status.ts';
import { suspects } from '../engine/suspects.ts';
import type { StepError } from '../task/error.ts';
import type { Task } from '../task/task.ts';
import type { Program } from '../graph/program.ts';

/** What follows from some facts: what to record, and what to set in motion once it is recorded. */
export interface Advance {
  /** In order; the ones that came in and the ones that the engine made itself. */
  readonly recorded: RecordableFact[];
  readonly tasks: Task[];
  readonly children: ChildWish[];
  readonly cancels: CancelWish[];
  /** How many of the facts that came in did not fit. */
  refused: number;
  /** Steps to reopen if the resume conditions hold now. */
  resume: readonly number[] | null;
}

export interface ChildWish extends ChildStart {
  readonly runId: string;
  readonly ref: AttemptRef;
}

export interface CancelWish {
  readonly ref: AttemptRef;
  readonly child: boolean;
}

/**
 * Folds the facts, then plans and carries out until only waits remain. Changes `state`; no I/O, so
 * the caller records first and sets in motion afterwards.
 */
export function advance(
  program: Program,
  state: RunState,
  { facts, now }: { readonly facts: readonly Fact[]; readonly now: number },
): Advance {
  const result: Advance = {
    recorded: [],
    tasks: [],
    children: [],
    cancels: [],
    refused: 0,
    resume: null,
  };
  const loop = new Loop(program, state, result);
  state.now = Math.max(state.now, now);
  // First of all it starts: what people ask of a run that nobody has looked at counts as well.
  loop.record({ kind: 'started', at: state.now });
  for (const fact of facts) if (!loop.record(fact)) result.refused += 1;
  wakeTimers(state);
  while (loop.round());
  return result;
}

class Loop {
  readonly #program: Program;
  readonly #state: RunState;
  readonly #result: Advance;

  constructor(program: Program, state: RunState, result: Advance) {
    this.#program = program;
    this.#state = state;
    this.#result = result;
  }

  record(fact: Fact): boolean {
    if (!admits(this.#program, this.#state, fact)) return false;
    const before = fact.kind === 'reopened' ? possiblyUnderWay(this.#program, this.#state) : [];
    fold(this.#program, this.#state, fact);
    this.#result.recorded.push(fact as RecordableFact);
    // A person's retry of a run that is going on leaves attempts behind: nobody waits for them.
    for (const ref of before) if (isLeftBehind(this.#state, ref)) this.#stop([ref]);
    return true;
  }

  /** One plan carried out; false when it held nothing but waits. */
  round(): boolean {
    const state = this.#state;
    const decisions = plan(this.#program, state, [...state.dirty]);
    state.dirty.clear();
    const { section, cancellingSince } = state;
    let hasActed = false;
    for (const [position, decision] of decisions.entries()) {
      hasActed = this.#carryOut(decision) || hasActed;
      const isStale = state.section !== section || state.cancellingSince !== cancellingSince;
      if (!isStale) continue;
      // The rest was decided for a run that was still going on: decide it anew.
      for (const rest of decisions.slice(position + 1)) redecide(state, rest);
      return true;
    }
    return hasActed || state.dirty.size > 0;
  }

  #carryOut(decision: Decision): boolean {
    if (isPure(decision)) {
      if (decision.kind === 'abandon') {
        this.#stop(suspects(this.#program, this.#state, decision.step));
      }
      this.record(perform(this.#program, this.#state, decision));
      return true;
    }
    switch (decision.kind) {
      case 'dispatch':
        this.#dispatch(decision);
        return true;
      case 'startChild':
        this.#startChild(decision, decision.runId);
        return true;
      case 'cancelTask':
        this.#result.cancels.push({ ref: decision, child: decision.child });
        this.#setInMotion({ kind: 'cancelSent', ...attempt(decision), at: this.#state.now });
        return true;
      case 'resume':
        this.#result.resume = decision.steps;
        return false;
      case 'wait':
        setTimer(this.#state, decision);
        return false;
    }
  }

  #stop(refs: readonly AttemptRef[]): void {
    for (const ref of refs) {
      const child = this.#program.steps[ref.step]?.definition.type === 'workflow';
      this.#result.cancels.push({ ref: attempt(ref), child });
    }
  }

  #dispatch(ref: AttemptRef): void {
    const prepared = prepareTask(this.#program, this.#state, ref);
    if (!prepared.ok) return this.#fail(ref, prepared.error);
    this.#result.tasks.push(prepared.task);
    this.#setInMotion({ kind: 'dispatched', ...attempt(ref), at: this.#state.now });
  }

  #startChild(ref: AttemptRef, runId: string): void {
    const prepared = prepareChild(this.#program, this.#state, ref);
    if (!prepared.ok) return this.#fail(ref, prepared.error);
    this.#result.children.push({ ...prepared.child, runId, ref: attempt(ref) });
    this.#setInMotion({ kind: 'dispatched', ...attempt(ref), at: this.#state.now });
  }

  #fail(ref: AttemptRef, error: StepError): void {
    this.record(attemptFact(this.#state, ref, { kind: 'failed', error }));
  }

  #setInMotion(fact: VolatileFact): void {
    fold(this.#program, this.#state, fact);
    // A fan-out may have more to start, or only now something to wait for.
    if (this.#state.steps[fact.step]?.fan !== null) this.#state.dirty.add(fact.step);
  }
}

function attempt({ step, item, attempt: number }: AttemptRef): AttemptRef {
  return { step, item, attempt: number };
}

function redecide(state: RunState, decision: Decision): void {
  if ('step' in decision && decision.step !== null) state.dirty.add(decision.step);
}
