import type { Program } from '../graph/program.ts';
import type {
  AttemptFact,
  ExpandedFact,
  Fact,
  ReopenedFact,
  RunError,
  VolatileFact,
} from './fact.ts';
import { concludeAttempt } from './conclude.ts';
import { reopen } from './reopen.ts';
import { isReady, programStep, recount, settle, stepAt, stopSection } from './settle.ts';
import { countMotion, isSettled, newTrack, passStarted, trackOf, type RunState } from './state.ts';
import { NO_ITEM } from '../task/task.ts';

/**
 * The state after one more fact. A fact that does not fit (a duplicate, a late arrival, a result
 * of a step that cannot have run) changes nothing. Takes ownership of `state` and changes it in
 * place; pure otherwise: no clock, no randomness, no I/O.
 */
export function fold(program: Program, state: RunState, fact: Fact): RunState {
  if (!admits(program, state, fact)) return state;
  state.now = Math.max(state.now, fact.at);
  apply(program, state, fact);
  return state;
}

function apply(program: Program, state: RunState, fact: Fact): void {
  switch (fact.kind) {
    case 'started':
      state.startedAt = fact.at;
      return recount(program, state, fact.at);
    case 'attempt':
      return concludeAttempt(program, state, fact);
    case 'expanded':
      return expand(program, state, fact);
    case 'skipped':
      stepAt(state, fact.step).skipReason = fact.reason;
      return settle(program, state, { index: fact.step, status: 'skipped', at: fact.at });
    case 'cancelRequested':
      state.ending ??= { status: 'cancelled', error: cancelError(fact.reason, fact.by) };
      return stopSection(program, state, fact.at);
    case 'expired':
      state.ending ??= { status: 'failed', error: expiredError(program) };
      return stopSection(program, state, fact.at);
    case 'reopened':
      return reopen(program, state, fact);
    case 'deferred':
      state.resumeAt = fact.at + program.graph.resume.everyMs;
      state.resumeNote = fact.reason;
      return;
    case 'finished':
      state.finished = fact;
      return;
    case 'dispatched':
    case 'cancelSent':
      return setInMotion(program, state, fact);
  }
}

/** Whether this fact fits: only then is it worth recording. */
export function admits(program: Program, state: RunState, fact: Fact): boolean {
  if (fact.kind === 'started') return state.startedAt === null;
  if (state.startedAt === null) return false;
  if (fact.kind === 'reopened') return admitsReopening(state, fact);
  if (state.finished !== null) return false;
  switch (fact.kind) {
    case 'attempt':
      return admitsAttempt(program, state, fact);
    case 'expanded':
      return stepAt(state, fact.step).fan === null && isOpen(program, state, fact.step);
    case 'skipped':
      return isOpen(program, state, fact.step);
    case 'cancelRequested':
      return state.section !== 'done' && state.cancellingSince === null;
    case 'expired':
      return state.ending === null && state.section !== 'done';
    case 'deferred':
      return isResumeDue(state, fact.at);
    case 'finished':
      return state.section === 'done';
    default:
      return isOpen(program, state, fact.step);
  }
}

/** A person may retry what has ended or waits for a resume; the resume service what is due. */
function admitsReopening(state: RunState, fact: ReopenedFact): boolean {
  if (fact.cause === 'resume') return state.finished === null && isResumeDue(state, fact.at);
  return state.finished !== null || (state.parked > 0 && state.cancellingSince === null);
}

/** Once only: of two controllers that looked, the second finds the next time set. */
function isResumeDue(state: RunState, at: number): boolean {
  if (state.cancellingSince !== null || state.resumeAt === null) return false;
  return state.parked > 0 && state.resumeAt <= at;
}

function isOpen(program: Program, state: RunState, index: number): boolean {
  if (index < 0 || index >= state.steps.length) return false;
  return !isSettled(stepAt(state, index)) && isReady(program, state, index);
}

/** Only the next attempt in number can conclude, once, on a step that was free to start. */
function admitsAttempt(program: Program, state: RunState, fact: AttemptFact): boolean {
  if (!isOpen(program, state, fact.step)) return false;
  const track = trackOf(stepAt(state, fact.step), fact.item);
  if (track === null || fact.attempt !== track.attempt + 1) return false;
  return !['completed', 'failed', 'cancelled'].includes(track.status);
}

function expand(program: Program, state: RunState, fact: ExpandedFact): void {
  const step = stepAt(state, fact.step);
  step.status = 'open';
  step.fan = {
    count: fact.count,
    items: [],
    next: 0,
    running: 0,
    done: 0,
    retrying: new Set(),
    parked: new Set(),
  };
  state.dirty.add(fact.step);
  if (fact.count > 0) return;
  step.track.output = [];
  step.track.startedAt = fact.at;
  step.track.finishedAt = fact.at;
  settle(program, state, { index: fact.step, status: 'completed', at: fact.at });
}

function setInMotion(program: Program, state: RunState, fact: VolatileFact): void {
  const step = stepAt(state, fact.step);
  const track = trackOf(step, fact.item) ?? newTrack();
  step.status = 'open';
  if (fact.kind === 'cancelSent') {
    if (track.status === 'dispatched') track.status = 'cancelling';
  } else if (track.status === 'idle' || track.status === 'retrying') {
    track.status = 'dispatched';
    track.startedAt ??= fact.at;
    countMotion(state, programStep(program, fact.step).definition.type, 1);
    if (fact.item === NO_ITEM) state.timers.delete(fact.step);
    else step.fan?.retrying.delete(fact.item);
    if (step.fan !== null) step.fan.running += 1;
    passStarted(step.fan);
  }
}

function cancelError(reason: string, by: string): RunError {
  const why = reason === '' ? '' : `: ${reason}`;
  return {
    class: 'hard',
    code: 'cancelled',
    message: `The run was cancelled by ${by === '' ? 'a caller' : by}${why}.`,
    step: null,
  };
}

function expiredError(program: Program): RunError {
  const seconds = (program.graph.timeoutMs ?? 0) / 1000;
  return {
    class: 'hard',
    code: 'timeout',
    message: `The run did not finish within its time limit of ${seconds} s (spec.timeout).`,
    step: null,
  };
}
