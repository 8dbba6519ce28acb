import type { Program } from '../graph/program.ts';
import type { ReopenedFact } from './fact.ts';
import { isReady, programStep, recount, stepAt } from './settle.ts';
import {
  countMotion,
  isMoving,
  isSettled,
  newTrack,
  type Fan,
  type RunState,
  type StepState,
  type Track,
} from './state.ts';

/**
 * Takes steps back to the start. The resume service only frees the parked attempts. A person's
 * retry also reopens a finished run: the named steps and all downstream of them start anew,
 * failed and cancelled steps go on from what their completed items have, the rest keeps its
 * checkpoints.
 */
export function reopen(program: Program, state: RunState, fact: ReopenedFact): void {
  if (fact.cause === 'resume') {
    state.resumes += 1;
    for (const index of fact.steps) freeParked(state, stepAt(state, index));
  } else {
    if (fact.input !== undefined) state.input = fact.input;
    state.resumes = 0;
    const anew = downstreamOf(program, fact.steps);
    for (const { index, section } of program.steps) {
      if (section !== 'main' || anew.has(index)) restart(program, state, index);
      else mend(state, program, { index, isInputNew: fact.input !== undefined });
    }
    state.ending = null;
    state.finished = null;
    state.section = 'main';
    state.cancellingSince = null;
  }
  // A step that was parked while the conditions were being checked waits for the next time.
  state.resumeAt = state.parked > 0 ? fact.at + program.graph.resume.everyMs : null;
  state.resumeNote = null;
  recount(program, state, fact.at);
}

/** These steps and all that could have read them: along edges and through phase gates. */
function downstreamOf(program: Program, steps: readonly number[]): ReadonlySet<number> {
  const found = new Set<number>();
  const queue = [...steps];
  for (let index = queue.pop(); index !== undefined; index = queue.pop()) {
    if (found.has(index)) continue;
    found.add(index);
    const definition = programStep(program, index);
    queue.push(...definition.successors);
    for (const phase of program.phases[definition.definition.phase ?? -1]?.successors ?? []) {
      queue.push(...(program.phases[phase]?.steps ?? []));
    }
  }
  return found;
}

function restart(program: Program, state: RunState, index: number): void {
  const step = stepAt(state, index);
  const isUnderWay = !isSettled(step) && isReady(program, state, index);
  forgetMotion(state, step, programStep(program, index).definition.type);
  // The number of an attempt that may be under way is not used again; of a fan-out's items, even
  // of an abandoned one, some always may be.
  const used = (step.fan?.items ?? []).reduce(
    (most, item) => Math.max(most, item?.attempt ?? 0),
    0,
  );
  if (step.fan !== null) step.fanBase = Math.max(step.fanBase, used) + 1;
  const spare = isUnderWay ? 1 : 0;
  step.track = newTrack(step.track.attempt + spare);
  step.fan = null;
  reset(state, step, index);
}

/** With another input the list of a fan-out and its `when` may be others too: it starts anew. */
function mend(
  state: RunState,
  program: Program,
  { index, isInputNew }: { index: number; isInputNew: boolean },
): void {
  const step = stepAt(state, index);
  const isTolerated =
    step.status === 'failed' && programStep(program, index).definition.onError === 'continue';
  if (step.status === 'completed' || step.status === 'skipped' || isTolerated) return;
  if (isInputNew) return restart(program, state, index);
  const hasParked = step.track.status === 'parked' || (step.fan?.parked.size ?? 0) > 0;
  if (hasParked) freeParked(state, step);
  if (!isSettled(step)) return;
  freeTrack(step.track);
  if (step.fan !== null) mendFan(step, step.fan);
  reset(state, step, index);
}

/** An abandoned attempt may still come in: each open item skips the number it may have used. */
function mendFan(step: StepState, fan: Fan): void {
  step.fanBase += 1;
  fan.next = 0;
  fan.done = 0;
  fan.running = 0;
  fan.retrying.clear();
  for (const item of fan.items) {
    if (item === undefined) continue;
    if (item.status === 'completed') fan.done += 1;
    else item.attempt += 1;
    freeTrack(item);
  }
}

function reset(state: RunState, step: StepState, index: number): void {
  step.status = 'pending';
  step.readyAt = null;
  step.skipReason = null;
  state.timers.delete(index);
}

/** Failed and cancelled attempts may be made again, with a fresh budget. */
function freeTrack(track: Track): void {
  if (track.status === 'completed') return;
  track.status = 'idle';
  track.spent = 0;
  track.error = null;
}

function freeParked(state: RunState, step: StepState): void {
  const parkedItems = [...(step.fan?.parked ?? [])].map((item) => step.fan?.items[item]);
  for (const track of [step.track, ...parkedItems]) {
    if (track?.status !== 'parked') continue;
    state.parked -= 1;
    freeTrack(track);
  }
  if (step.fan === null) return;
  step.fan.parked.clear();
  step.fan.next = 0;
}

function forgetMotion(state: RunState, step: StepState, type: string): void {
  for (const track of [step.track, ...(step.fan?.items ?? [])]) {
    if (track === undefined) continue;
    if (isMoving(track)) countMotion(state, type, -1);
    if (track.status === 'parked') state.parked -= 1;
  }
}
