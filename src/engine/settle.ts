import type { Program, ProgramStep } from '../graph/program.ts';
import { isSettled, type RunState, type StepState } from './state.ts';

export function stepAt(state: RunState, index: number): StepState {
  const step = state.steps[index];
  if (step === undefined) throw new RangeError(`run ${state.identity.id} has no step ${index}`);
  return step;
}

export function programStep(program: Program, index: number): ProgramStep {
  const step = program.steps[index];
  if (step === undefined) throw new RangeError(`the program has no step ${index}`);
  return step;
}

/** Whether all that a step waits for has settled, so that it starts or is skipped now. */
export function isReady(program: Program, state: RunState, index: number): boolean {
  const definition = programStep(program, index);
  const step = stepAt(state, index);
  if (definition.section !== state.section) return false;
  if (!isGateOpen(state, definition)) return false;
  if (step.pendingEdges === 0) return true;
  return definition.definition.join === 'any' && step.liveEdges > 0;
}

export function isGateOpen(state: RunState, definition: ProgramStep): boolean {
  const { phase } = definition.definition;
  return phase === null || state.phaseBlockers[phase] === 0;
}

/** Settles a step and lets everything that waited for it know. */
export function settle(
  program: Program,
  state: RunState,
  settled: { index: number; status: 'completed' | 'failed' | 'skipped' | 'cancelled'; at: number },
): void {
  const { index, status, at } = settled;
  const definition = programStep(program, index);
  mark(state, definition, status);
  // Downstream of a cancelled step everything is cancelled too: nothing to tell.
  if (status !== 'cancelled') {
    for (const next of definition.successors)
      countEdge(program, state, { from: index, to: next, at });
  }
  closePhase(program, state, { definition, at });
  if (definition.section === state.section) leaveSectionIfDone(program, state, at);
}

function mark(state: RunState, definition: ProgramStep, status: StepState['status']): void {
  stepAt(state, definition.index).status = status;
  state.timers.delete(definition.index);
  state.dirty.delete(definition.index);
  state.sectionRemaining[definition.section] -= 1;
}

function countEdge(
  program: Program,
  state: RunState,
  edge: { from: number; to: number; at: number },
): void {
  const target = stepAt(state, edge.to);
  target.pendingEdges -= 1;
  if (isLive(program, state, edge)) target.liveEdges += 1;
  else target.deadEdges += 1;
  touch(program, state, { index: edge.to, at: edge.at });
}

/** Edges from one step count as one: it is live if any of them was taken. */
function isLive(program: Program, state: RunState, edge: { from: number; to: number }): boolean {
  const source = stepAt(state, edge.from);
  if (source.status !== 'completed' && source.status !== 'failed') return false;
  const { needs } = programStep(program, edge.to).definition;
  return needs.some(
    (need) =>
      need.from === edge.from && (need.branch === null || need.branch === source.track.branch),
  );
}

/** Puts a step on the list of those to decide, if it is ready and not settled. */
function touch(program: Program, state: RunState, place: { index: number; at: number }): void {
  const step = stepAt(state, place.index);
  if (isSettled(step) || !isReady(program, state, place.index)) return;
  step.readyAt ??= place.at;
  state.dirty.add(place.index);
}

function closePhase(
  program: Program,
  state: RunState,
  settled: { definition: ProgramStep; at: number },
): void {
  const phase = program.phases[settled.definition.definition.phase ?? -1];
  if (phase === undefined) return;
  const remaining = (state.phaseRemaining[phase.index] ?? 0) - 1;
  state.phaseRemaining[phase.index] = remaining;
  if (remaining > 0) return;
  for (const next of phase.successors) {
    const blockers = (state.phaseBlockers[next] ?? 0) - 1;
    state.phaseBlockers[next] = blockers;
    if (blockers > 0) continue;
    for (const index of program.phases[next]?.steps ?? [])
      touch(program, state, { index, at: settled.at });
  }
}

const NEXT_SECTION = { main: 'onFailure', onFailure: 'finally', finally: 'done' } as const;

/** Goes on to the next section that has something to do, once the active one is settled. */
function leaveSectionIfDone(program: Program, state: RunState, at: number): void {
  while (state.section !== 'done' && state.sectionRemaining[state.section] === 0) {
    state.section = NEXT_SECTION[state.section];
    state.cancellingSince = null;
    if (state.section === 'done') return;
    if (state.section === 'onFailure' && state.ending?.status !== 'failed')
      skipSection(program, state);
    openSection(program, state, at);
  }
}

/** onFailure steps of a run that did not fail: skipped without a record, as they follow from it. */
function skipSection(program: Program, state: RunState): void {
  for (const definition of program.steps) {
    if (definition.section === 'onFailure') mark(state, definition, 'skipped');
  }
}

function openSection(program: Program, state: RunState, at: number): void {
  for (const { index, section } of program.steps) {
    if (section === state.section) touch(program, state, { index, at });
  }
}

/**
 * Stops the active section. Steps that could not have started are cancelled here and now, as that
 * follows from the facts; the ready ones stay for `plan`, which knows what is under way.
 */
export function stopSection(program: Program, state: RunState, at: number): void {
  if (state.section === 'done' || state.cancellingSince !== null) return;
  state.cancellingSince = at;
  for (const definition of program.steps) {
    const { index, section } = definition;
    if (section !== state.section || isSettled(stepAt(state, index))) continue;
    if (isReady(program, state, index)) state.dirty.add(index);
    else mark(state, definition, 'cancelled');
  }
  leaveSectionIfDone(program, state, at);
}

/** Counts everything anew from the steps' statuses: at the start and after a reopening. */
export function recount(program: Program, state: RunState, at: number): void {
  state.dirty.clear();
  state.phaseRemaining.fill(0);
  for (const section of ['main', 'onFailure', 'finally'] as const)
    state.sectionRemaining[section] = 0;
  for (const definition of program.steps) recountStep(program, state, definition);
  for (const phase of program.phases) {
    const open = phase.needs.filter((need) => (state.phaseRemaining[need] ?? 0) > 0);
    state.phaseBlockers[phase.index] = open.length;
  }
  openSection(program, state, at);
  leaveSectionIfDone(program, state, at);
}

function recountStep(program: Program, state: RunState, definition: ProgramStep): void {
  const step = stepAt(state, definition.index);
  step.pendingEdges = 0;
  step.liveEdges = 0;
  step.deadEdges = 0;
  for (const from of new Set(definition.definition.needs.map((need) => need.from))) {
    if (!isSettled(stepAt(state, from))) step.pendingEdges += 1;
    else if (isLive(program, state, { from, to: definition.index })) step.liveEdges += 1;
    else step.deadEdges += 1;
  }
  if (isSettled(step)) return;
  state.sectionRemaining[definition.section] += 1;
  const { phase } = definition.definition;
  if (phase !== null) state.phaseRemaining[phase] = (state.phaseRemaining[phase] ?? 0) + 1;
}
