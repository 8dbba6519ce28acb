import type { Program } from '../graph/program.ts';
import { NO_ITEM } from '../task/task.ts';
import type { AttemptRef, Decision } from './decision.ts';
import { programStep, stepAt } from './settle.ts';
import { isMoving, newTrack, type RunState, type Track } from './state.ts';

/**
 * How long an attempt that was told to stop may take to say so, ms. Runners answer within a
 * second; one that is gone never does, and the run must not wait for it.
 */
export const CANCEL_GRACE_MS = 5000;

/** What to do about a ready step of a section that is being stopped. */
export function decideStop(program: Program, state: RunState, index: number): Decision[] {
  const step = stepAt(state, index);
  const graceEndsAt = (state.cancellingSince ?? state.now) + CANCEL_GRACE_MS;
  const moving = movingItems(state, index);
  if (moving.length === 0 || graceEndsAt <= state.now) {
    return [{ kind: 'abandon', step: index, item: NO_ITEM, attempt: step.track.attempt + 1 }];
  }
  const child = programStep(program, index).definition.type === 'workflow';
  const tell = moving.filter(({ track }) => track.status === 'dispatched');
  return [
    ...tell.map(({ item, track }): Decision => {
      return { kind: 'cancelTask', step: index, item, attempt: track.attempt + 1, child };
    }),
    { kind: 'wait', step: index, reason: 'cancelling', wakeAt: graceEndsAt },
  ];
}

/**
 * Attempts of a step that may be under way although this state does not know it, because it was
 * loaded from the record: whoever abandons the step tells them to stop.
 */
export function suspects(program: Program, state: RunState, index: number): AttemptRef[] {
  const { track, fan, fanBase } = stepAt(state, index);
  if (fan === null) {
    const isPossible = track.status === 'idle' || isMoving(track);
    return isPossible ? [{ step: index, item: NO_ITEM, attempt: track.attempt + 1 }] : [];
  }
  const refs: AttemptRef[] = [];
  const limit = programStep(program, index).definition.maxParallel ?? fan.count;
  for (let item = 0; item < fan.count && refs.length < limit; item += 1) {
    const each = fan.items[item] ?? newTrack(fanBase);
    if (each.status === 'idle' || isMoving(each))
      refs.push({ step: index, item, attempt: each.attempt + 1 });
  }
  return refs;
}

function movingItems(state: RunState, index: number): { item: number; track: Track }[] {
  const { track, fan } = stepAt(state, index);
  const tracks = fan === null ? [{ item: NO_ITEM, track }] : fanTracks(fan.items);
  return tracks.filter((each) => isMoving(each.track));
}

function fanTracks(items: readonly (Track | undefined)[]): { item: number; track: Track }[] {
  const tracks: { item: number; track: Track }[] = [];
  items.forEach((track, item) => {
    if (track !== undefined) tracks.push({ item, track });
  });
  return tracks;
}
