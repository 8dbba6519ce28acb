import type { Json } from '../expr/json.ts';
import type { Program, ProgramStep } from '../graph/program.ts';
import type { StepError } from '../task/error.ts';
import type { Decision, WaitReason } from './decision.ts';
import type { SkipReason } from './fact.ts';
import { plan } from './plan.ts';
import { stepAt } from './settle.ts';
import { isMoving, isSettled, type Fan, type RunState, type StepState } from './state.ts';

/** A run as people know it. */
export interface RunView {
  readonly steps: readonly StepRunView[];
  /** 0 to 100: the share of steps that have ended, a fan-out counted by its items. */
  readonly progress: number;
  /** Why the run waits, in a sentence; empty when it does not. */
  readonly waitReason: string;
  readonly resumes: number;
}

export interface StepRunView {
  readonly index: number;
  readonly id: string;
  readonly name: string;
  readonly type: string;
  /** Name of the phase; empty outside the main section. */
  readonly phase: string;
  readonly status: StepStatus;
  /** Number of the latest attempt that is known of; 0 before the first. */
  readonly attempt: number;
  readonly maxAttempts: number;
  readonly output: Json;
  readonly error: StepError | null;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly wakeAt: number | null;
  /** The reason of its wait decision; empty when it does not wait. */
  readonly waitReason: string;
  readonly skipReason: SkipReason | null;
  /** Of a fan-out whose list is known. */
  readonly items: ItemCounts | null;
}

export type StepStatus =
  'pending' | 'running' | 'waiting' | 'completed' | 'failed' | 'skipped' | 'cancelled';

export interface ItemCounts {
  readonly total: number;
  readonly pending: number;
  readonly running: number;
  readonly waiting: number;
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}

/** Shows a state. What is ready but not settled counts as running: its task is on its way. */
export function viewRun(program: Program, state: RunState): RunView {
  const decisions = Map.groupBy(plan(program, state), (each) => stepOf(each));
  const steps = program.steps.map((definition) =>
    viewStep(program, state, { definition, decisions: decisions.get(definition.index) ?? [] }),
  );
  return {
    steps,
    progress: progressOf(program, state),
    waitReason: waitSentence(state, steps),
    resumes: state.resumes,
  };
}

function stepOf(decision: Decision): number | null {
  return 'step' in decision ? decision.step : null;
}

interface Subject {
  readonly definition: ProgramStep;
  readonly decisions: readonly Decision[];
}

function viewStep(
  program: Program,
  state: RunState,
  { definition, decisions }: Subject,
): StepRunView {
  const step = stepAt(state, definition.index);
  const { track } = step;
  const status = statusOf(step, decisions);
  const waits = decisions.filter((each) => each.kind === 'wait');
  const isStarting = !isSettled(step) && (isMoving(track) || decisions.some(isSending));
  return {
    index: definition.index,
    id: definition.id,
    name: definition.definition.name,
    type: definition.definition.type,
    phase:
      program.phases[definition.definition.phase ?? -1] === undefined
        ? ''
        : (program.graph.phases[definition.definition.phase ?? -1]?.name ?? ''),
    status,
    attempt: track.attempt + (isStarting ? 1 : 0),
    maxAttempts: definition.definition.retry.maxAttempts,
    output: status === 'completed' ? track.output : null,
    error: track.error,
    startedAt: track.startedAt ?? step.readyAt,
    finishedAt: isSettled(step) ? track.finishedAt : null,
    wakeAt: waits.find((each) => each.wakeAt !== null)?.wakeAt ?? null,
    waitReason: isSettled(step) ? '' : (waits[0]?.reason ?? ''),
    skipReason: step.skipReason,
    items: step.fan === null ? null : countItems(step.fan),
  };
}

function isSending(decision: Decision): boolean {
  return (
    decision.kind === 'dispatch' || decision.kind === 'startChild' || decision.kind === 'evaluate'
  );
}

const WAITING: ReadonlySet<WaitReason> = new Set(['retry', 'resume', 'timer', 'child']);
const PENDING: ReadonlySet<WaitReason> = new Set(['needs', 'phase', 'section']);

function statusOf(step: StepState, decisions: readonly Decision[]): StepStatus {
  if (isSettled(step))
    return step.status === 'pending' || step.status === 'open' ? 'pending' : step.status;
  const waits = decisions.filter((each) => each.kind === 'wait');
  if (decisions.length === 0) return 'pending';
  if (waits.length < decisions.length)
    return decisions[0]?.kind === 'start' ? 'pending' : 'running';
  if (waits.some(({ reason }) => PENDING.has(reason))) return 'pending';
  return waits.every(({ reason }) => WAITING.has(reason)) ? 'waiting' : 'running';
}

function countItems(fan: Fan): ItemCounts {
  const counts = { pending: 0, running: 0, waiting: 0, completed: 0, failed: 0, cancelled: 0 };
  for (let item = 0; item < fan.count; item += 1) {
    counts[ITEM_STATUS[fan.items[item]?.status ?? 'idle']] += 1;
  }
  return { total: fan.count, ...counts };
}

const ITEM_STATUS = {
  idle: 'pending',
  dispatched: 'running',
  cancelling: 'running',
  retrying: 'waiting',
  parked: 'waiting',
  completed: 'completed',
  failed: 'failed',
  cancelled: 'cancelled',
} as const;

/**
 * 0 to 100; steps of onFailure and finally count only once they are reached. From the state's own
 * counts: it is asked after each fact, and a look at every step would cost a run the square of its
 * length.
 */
export function progressOf(program: Program, state: RunState): number {
  if (state.finished !== null) return 100;
  const all = state.steps.length;
  if (all === 0 || state.startedAt === null) return 0;
  const { main, onFailure, finally: last } = state.sectionRemaining;
  let ended = all - main - onFailure - last;
  for (const index of program.fans) {
    const step = stepAt(state, index);
    if (!isSettled(step) && step.fan !== null && step.fan.count > 0)
      ended += step.fan.done / step.fan.count;
  }
  return Math.floor((ended / all) * 1000 + ROUNDING) / 10;
}

/** Thirds of fans add up to a little less than one in some orders. */
const ROUNDING = 1e-6;

function waitSentence(state: RunState, steps: readonly StepRunView[]): string {
  if (state.finished !== null || steps.some(({ status }) => status === 'running')) return '';
  const waiting = steps.find(({ status }) => status === 'waiting');
  if (waiting === undefined) return '';
  const until = waiting.wakeAt === null ? '' : ` until ${new Date(waiting.wakeAt).toISOString()}`;
  switch (waiting.waitReason) {
    case 'timer':
      return `Step "${waiting.id}" waits${until}.`;
    case 'retry':
      return `Step "${waiting.id}" failed (${waiting.error?.message ?? ''}) and is tried again${until}.`;
    case 'child':
      return `Step "${waiting.id}" waits for its child run.`;
    case 'resume': {
      const note = state.resumeNote === null ? '' : ` Last time: ${state.resumeNote}.`;
      return `Step "${waiting.id}" has spent its retries (${waiting.error?.message ?? ''}); the resume service looks again${until.replace('until', 'at')}.${note}`;
    }
    default:
      return '';
  }
}
