import type { Program } from '../graph/program.ts';
import { NO_ITEM } from '../task/task.ts';
import type { AttemptRef } from './decision.ts';
import { isReady, stepAt } from './settle.ts';
import { isSettled, type RunState } from './state.ts';
import { suspects } from './suspects.ts';

/** Attempts that may be under way now, as far as the record tells. */
export function possiblyUnderWay(program: Program, state: RunState): AttemptRef[] {
  return program.steps.flatMap(({ index }) => {
    const isOpen = !isSettled(stepAt(state, index)) && isReady(program, state, index);
    return isOpen ? suspects(program, state, index) : [];
  });
}

/** Whether the step has gone on to a later attempt, so that nobody waits for this one any more. */
export function isLeftBehind(state: RunState, { step, item, attempt }: AttemptRef): boolean {
  const { track, fan, fanBase } = stepAt(state, step);
  const counted = item === NO_ITEM ? track.attempt : (fan?.items[item]?.attempt ?? fanBase);
  return counted >= attempt;
}
