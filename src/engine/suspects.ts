import type { Program } from '../graph/program.ts';
import { NO_ITEM } from '../task/task.ts';
import type { AttemptRef } from './decision.ts';
import { programStep, stepAt } from './settle.ts';
import { isMoving, newTrack, type Fan, type RunState, type Track } from './state.ts';

/**
 * Attempts of a step that may be under way although this state does not know it, because it was
 * loaded from the record. Whoever abandons the step tells them to stop.
 */
export function suspects(program: Program, state: RunState, index: number): AttemptRef[] {
  const { track, fan, fanBase } = stepAt(state, index);
  if (fan === null) return isSuspect(state, track) ? [refOf(index, NO_ITEM, track)] : [];
  const end = endOfStarted(fan, programStep(program, index).definition.maxParallel);
  const refs: AttemptRef[] = [];
  for (let item = 0; item < end; item += 1) {
    const each = fan.items[item] ?? newTrack(fanBase);
    if (isSuspect(state, each)) refs.push(refOf(index, item, each));
  }
  return refs;
}

function isSuspect({ now }: RunState, track: Track): boolean {
  return track.status === 'idle' || isMoving(track) || isRetryDue(track, now);
}

function isRetryDue({ status, retryAt }: Track, now: number): boolean {
  return status === 'retrying' && retryAt <= now;
}

/** Items start in order, so none can be under way that is further behind the known ones than this. */
function endOfStarted(fan: Fan, maxParallel: number | null): number {
  return Math.min(fan.count, fan.items.length + (maxParallel ?? fan.count));
}

function refOf(step: number, item: number, track: Track): AttemptRef {
  return { step, item, attempt: track.attempt + 1 };
}

/**
 * Those of them that take places in a fan-out with `maxParallel`: who does not know whether they
 * are under way does not know either how many more may start. Child runs are on record, and start
 * in order again.
 */
export function placeTakers(program: Program, state: RunState): AttemptRef[] {
  if (state.finished !== null || state.cancellingSince !== null) return [];
  return program.steps.flatMap(({ index, definition }) => {
    const { status, fan } = stepAt(state, index);
    const isLimited = fan !== null && definition.maxParallel !== null;
    if (!isLimited || status !== 'open' || definition.type === 'workflow') return [];
    return suspects(program, state, index);
  });
}
