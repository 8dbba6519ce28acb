import type { ProgramStep, Program } from '../graph/program.ts';
import type { StepError } from '../task/error.ts';
import { NO_ITEM } from '../task/task.ts';
import { retryDelayMs } from './backoff.ts';
import type { AttemptFact } from './fact.ts';
import { programStep, settle, stepAt, stopSection } from './settle.ts';
import {
  countMotion,
  isMoving,
  passStarted,
  trackOf,
  type Fan,
  type RunState,
  type StepState,
  type Track,
} from './state.ts';

interface Place {
  readonly definition: ProgramStep;
  readonly step: StepState;
  readonly track: Track;
  readonly fact: AttemptFact;
}

/** Counts one attempt's outcome: it settles the step (or item), schedules a retry, or parks it. */
export function concludeAttempt(program: Program, state: RunState, fact: AttemptFact): void {
  const step = stepAt(state, fact.step);
  const track = trackOf(step, fact.item);
  if (track === null) return;
  const place = { definition: programStep(program, fact.step), step, track, fact };
  step.status = 'open';
  leaveMotion(state, place);
  track.attempt = fact.attempt;
  track.spent += 1;
  track.startedAt = fact.startedAt;
  track.finishedAt = fact.finishedAt;
  state.dirty.add(fact.step);
  switch (fact.outcome.kind) {
    case 'completed':
      track.output = fact.outcome.output;
      track.branch = fact.branch;
      track.error = null;
      return end(program, state, { ...place, as: 'completed' });
    case 'cancelled':
      return end(program, state, { ...place, as: 'cancelled' });
    case 'failed':
      track.error = fact.outcome.error;
      return fail(program, state, { ...place, error: fact.outcome.error });
  }
}

function leaveMotion(state: RunState, { step, track, fact, definition }: Place): void {
  if (isMoving(track)) {
    countMotion(state, definition.definition.type, -1);
    if (step.fan !== null && fact.item !== NO_ITEM) step.fan.running -= 1;
  }
  if (track.status === 'parked') state.parked -= 1;
  step.fan?.parked.delete(fact.item);
  step.fan?.retrying.delete(fact.item);
}

function fail(program: Program, state: RunState, place: Place & { error: StepError }): void {
  const { error, track, definition, fact, step } = place;
  const isStopping = state.cancellingSince !== null;
  if (error.class === 'retryable' && !isStopping) {
    const { retry } = definition.definition;
    if (track.spent < retry.maxAttempts) {
      const key = `${state.identity.id}.${fact.step}.${fact.item}.${fact.attempt}`;
      track.status = 'retrying';
      track.retryAt = fact.at + retryDelayMs(retry, { spent: track.spent, error, key });
      step.fan?.retrying.add(fact.item);
      return;
    }
    if (state.resumes < program.graph.resume.maxAttempts) return park(program, state, place);
  }
  end(program, state, { ...place, as: 'failed' });
}

function park(program: Program, state: RunState, { track, step, fact }: Place): void {
  track.status = 'parked';
  state.parked += 1;
  step.fan?.parked.add(fact.item);
  state.resumeAt ??= fact.at + program.graph.resume.everyMs;
}

type EndStatus = 'completed' | 'failed' | 'cancelled';

function end(program: Program, state: RunState, place: Place & { as: EndStatus }): void {
  const { fact, step, track } = place;
  track.status = place.as;
  if (step.fan !== null && fact.item !== NO_ITEM)
    return endItem(program, state, { ...place, fan: step.fan });
  settleStep(program, state, place);
}

function settleStep(program: Program, state: RunState, place: Place & { as: EndStatus }): void {
  const { fact, definition, track, step } = place;
  for (const item of step.fan?.items ?? [])
    if (item !== undefined) stopMoving(state, item, definition);
  // A fan-out that is abandoned as a whole failed if one of its items did.
  const status = place.as === 'cancelled' && track.error !== null ? 'failed' : place.as;
  const isTolerated = status === 'failed' && definition.definition.onError === 'continue';
  if (status !== 'completed' && !isTolerated) endRun(program, state, { ...place, status });
  settle(program, state, { index: fact.step, status, at: fact.at });
}

/** Items of a fan-out that is abandoned as a whole are on their own from here. */
function stopMoving(state: RunState, item: Track, definition: ProgramStep): void {
  if (isMoving(item)) {
    countMotion(state, definition.definition.type, -1);
    item.status = 'cancelled';
  } else if (item.status === 'parked') {
    state.parked -= 1;
    item.status = 'cancelled';
  }
}

function endItem(
  program: Program,
  state: RunState,
  place: Place & { as: EndStatus; fan: Fan },
): void {
  const { fan, step, track, fact, definition } = place;
  fan.done += 1;
  passStarted(fan);
  step.track.startedAt = Math.min(step.track.startedAt ?? Infinity, fact.startedAt);
  const isTolerated = place.as === 'failed' && definition.definition.onError === 'continue';
  if (place.as === 'failed') step.track.error ??= track.error;
  if (place.as !== 'completed' && !isTolerated)
    endRun(program, state, { ...place, status: place.as });
  if (fan.done < fan.count) return;
  settleFan(program, state, { ...place, fan });
}

function settleFan(program: Program, state: RunState, place: Place & { fan: Fan }): void {
  const { fan, step, fact, definition } = place;
  const items = Array.from({ length: fan.count }, (_, index) => fan.items[index]);
  const isTolerant = definition.definition.onError === 'continue';
  const hasFailed = items.some((item) => item?.status === 'failed') && !isTolerant;
  const isCancelled = items.some((item) => item?.status === 'cancelled');
  const status = hasFailed ? 'failed' : isCancelled ? 'cancelled' : 'completed';
  step.track.output = items.map((item) => item?.output ?? null);
  step.track.finishedAt = fact.finishedAt;
  settle(program, state, { index: fact.step, status, at: fact.at });
}

/** The first cause wins; the active section stops at once. */
function endRun(
  program: Program,
  state: RunState,
  place: Place & { status: 'failed' | 'cancelled' },
): void {
  const { definition, track, fact } = place;
  const error = track.error ?? {
    class: 'hard' as const,
    code: 'cancelled' as const,
    message: `Step "${definition.id}" was cancelled.`,
  };
  state.ending ??= { status: place.status, error: { ...error, step: definition.id } };
  stopSection(program, state, fact.at);
}
