import type { Program } from '../graph/program.ts';
import { NO_ITEM } from '../task/task.ts';
import type { Decision } from './decision.ts';
import { programStep, stepAt } from './settle.ts';
import { isMoving, type RunState, type Track } from './state.ts';

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
