import type { Program, ProgramStep } from '../graph/program.ts';
import { NO_ITEM } from '../task/task.ts';
import type { Decision, WaitDecision, WaitReason } from './decision.ts';
import { decideStop } from './decide-stop.ts';
import { decideFan, decideTrack } from './decide-track.ts';
import { expressionFault } from './expression-fault.ts';
import { scopeOf } from './scope.ts';
import { isGateOpen, isReady, programStep, stepAt } from './settle.ts';
import { isSettled, type RunState } from './state.ts';

/**
 * What happens next, from the graph and the state alone. Without `steps` every unfinished step
 * gets its decision; the hot loop passes `state.dirty`, the steps that the last facts touched,
 * so that a step of a long run costs what a step of a short one does.
 */
export function plan(
  program: Program,
  state: RunState,
  steps: Iterable<number> = unsettled(state),
): Decision[] {
  if (state.finished !== null) return [];
  if (state.startedAt === null) return [{ kind: 'start' }];
  if (state.section === 'done')
    return [{ kind: 'finish', status: state.ending?.status ?? 'completed' }];
  const decisions = decideRun(program, state);
  for (const index of steps) decisions.push(...decideStep(program, state, index));
  return decisions;
}

function unsettled(state: RunState): number[] {
  return [...state.steps.keys()].filter((index) => !isSettled(stepAt(state, index)));
}

/** What concerns the run as a whole: its time limit and the resume service. */
function decideRun(program: Program, state: RunState): Decision[] {
  const decisions: Decision[] = [];
  const expiresAt = deadline(program, state);
  if (expiresAt !== null && expiresAt <= state.now) decisions.push({ kind: 'expire' });
  if (state.parked > 0 && state.resumeAt !== null && state.cancellingSince === null) {
    if (state.resumeAt <= state.now) decisions.push({ kind: 'resume', steps: parkedSteps(state) });
  }
  return decisions;
}

/** When the run's own time limit ends it; null without one, or when it is ending already. */
export function deadline(program: Program, state: RunState): number | null {
  const { timeoutMs } = program.graph;
  if (timeoutMs === null || state.startedAt === null || state.ending !== null) return null;
  return state.section === 'main' ? state.startedAt + timeoutMs : null;
}

function parkedSteps(state: RunState): number[] {
  return [...state.steps.keys()].filter((index) => {
    const { track, fan } = stepAt(state, index);
    return track.status === 'parked' || (fan?.parked.size ?? 0) > 0;
  });
}

/** The decisions about one step: none once it is settled. */
function decideStep(program: Program, state: RunState, index: number): Decision[] {
  const step = stepAt(state, index);
  if (isSettled(step)) return [];
  const definition = programStep(program, index);
  if (definition.section !== state.section) return [wait(index, 'section')];
  if (state.cancellingSince !== null) return decideStop(program, state, index);
  if (!isReady(program, state, index)) {
    return [wait(index, isGateOpen(state, definition) ? 'needs' : 'phase')];
  }
  if (step.status === 'pending') {
    const refusal = decideStart(program, state, definition);
    if (refusal !== null) return [refusal];
  }
  return definition.forEach === null
    ? decideTrack(program, state, { index, item: NO_ITEM })
    : decideFan(program, state, index);
}

/** A ready step may still be skipped: by a dead edge or by its `when`. Null lets it start. */
function decideStart(program: Program, state: RunState, definition: ProgramStep): Decision | null {
  const { index } = definition;
  const step = stepAt(state, index);
  const isAny = definition.definition.join === 'any' && definition.definition.needs.length > 0;
  if (isAny ? step.liveEdges === 0 : step.deadEdges > 0) {
    return { kind: 'skip', step: index, reason: deadEdgeReason(state, definition) };
  }
  if (definition.when === null) return null;
  try {
    if (definition.when.evaluate(scopeOf(program, state))) return null;
    return { kind: 'skip', step: index, reason: 'when' };
  } catch (error) {
    const attempt = step.track.attempt + 1;
    return { kind: 'fail', step: index, item: NO_ITEM, attempt, error: expressionFault(error) };
  }
}

function deadEdgeReason(state: RunState, definition: ProgramStep): 'branch' | 'upstream' {
  const { needs } = definition.definition;
  return needs.some((need) => stepAt(state, need.from).status === 'skipped')
    ? 'upstream'
    : 'branch';
}

function wait(step: number, reason: WaitReason): WaitDecision {
  return { kind: 'wait', step, reason, wakeAt: null };
}
