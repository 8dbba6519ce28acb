import type { Program } from '../graph/program.ts';
import type { RunStatus } from '../record/run.ts';
import type { WaitDecision } from './decision.ts';
import { CANCEL_GRACE_MS } from './decide-stop.ts';
import { deadline } from './plan.ts';
import type { RunState } from './state.ts';

/** The one word for where a run stands. */
export function runStatus(program: Program, state: RunState): RunStatus {
  if (state.finished !== null) return state.finished.status;
  if (state.startedAt === null) return 'pending';
  if (state.cancellingSince !== null) return 'running';
  if (state.parked > 0 && state.dispatched === 0) return 'pending_retry';
  return onlyWaits(program, state) ? 'waiting' : 'running';
}

/** Nothing but durable timers and child runs are under way. */
function onlyWaits(program: Program, state: RunState): boolean {
  if (state.dispatched > state.children) return false;
  if (state.children > 0) return true;
  return [...state.timers.keys()].some((index) => isType(program, index, 'wait'));
}

function isType(program: Program, index: number, type: string): boolean {
  return program.steps[index]?.definition.type === type;
}

/** When time alone gives this run something to do next, epoch ms; null when nothing does. */
export function nextWake(program: Program, state: RunState): number | null {
  if (state.finished !== null) return null;
  let wake = deadline(program, state) ?? Infinity;
  for (const at of state.timers.values()) wake = Math.min(wake, at);
  if (state.parked > 0) wake = Math.min(wake, state.resumeAt ?? Infinity);
  if (state.cancellingSince !== null)
    wake = Math.min(wake, state.cancellingSince + CANCEL_GRACE_MS);
  return wake === Infinity ? null : wake;
}

/** Remembers when a waiting step (of a fan-out: its first item) next has something to do by itself. */
export function setTimer(state: RunState, wait: WaitDecision): void {
  if (wait.step === null || wait.wakeAt === null) return;
  const known = state.timers.get(wait.step) ?? Infinity;
  state.timers.set(wait.step, Math.min(known, wait.wakeAt));
}

/** Puts the steps whose time has come on the list of those to decide. */
export function wakeTimers(state: RunState): void {
  for (const [index, at] of state.timers) {
    if (at > state.now) continue;
    state.timers.delete(index);
    state.dirty.add(index);
  }
}
