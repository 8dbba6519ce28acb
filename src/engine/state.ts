import type { Json } from '../expr/json.ts';
import type { Program } from '../graph/program.ts';
import type { Section } from '../graph/graph.ts';
import type { StepError } from '../task/error.ts';
import type { FinishedFact, RunError, SkipReason } from './fact.ts';
import { NO_ITEM } from '../task/task.ts';

export type TrackStatus =
  | 'idle' // nothing under way
  | 'dispatched' // with a runner or a child run, as far as this state knows
  | 'cancelling' // told to stop
  | 'retrying' // backing off until retryAt
  | 'parked' // retries spent, waiting for the resume service
  | 'completed'
  | 'failed'
  | 'cancelled';

/**
 * Where one step (or one item of a fan-out) stands. `attempt` counts concluded attempts for ever;
 * `spent` counts those since it was last opened, against the retry budget.
 */
export interface Track {
  status: TrackStatus;
  attempt: number;
  spent: number;
  /** When a retry is due; meaningful while `retrying`. */
  retryAt: number;
  output: Json;
  error: StepError | null;
  branch: string | null;
  startedAt: number | null;
  finishedAt: number | null;
}

export interface StepState {
  status: 'pending' | 'open' | 'completed' | 'failed' | 'skipped' | 'cancelled';
  /** Edges whose upstream step has not settled. */
  pendingEdges: number;
  liveEdges: number;
  deadEdges: number;
  /** When its needs were met; durable timers count from here. */
  readyAt: number | null;
  skipReason: SkipReason | null;
  /** Of a step without `forEach`; of the whole fan-out otherwise (its output is the list). */
  track: Track;
  fan: Fan | null;
  /** Attempts of a reopened fan-out go on from here, so that none is numbered twice. */
  fanBase: number;
}

/** A fan-out under way. Items start in order, so `next` divides the started from the rest. */
export interface Fan {
  readonly count: number;
  /** Sparse: an item has a track once something is known of it. */
  readonly items: (Track | undefined)[];
  next: number;
  running: number;
  done: number;
  /** Items that wait for a retry. */
  readonly retrying: Set<number>;
  readonly parked: Set<number>;
  /** The evaluated list, kept while this state lives. */
  list?: readonly Json[];
}

/** Why the run is coming to an end before its main steps are all done. */
export interface Ending {
  readonly status: 'failed' | 'cancelled';
  readonly error: RunError;
}

export interface RunIdentity {
  readonly id: string;
  readonly namespace: string;
  readonly workflow: string;
  readonly versionNumber: number;
  readonly createdAt: number;
}

/**
 * All that is known of a run. `fold` owns it and changes it in place: a copy for each of a hundred
 * thousand checkpoints would make a long run cost the square of its length.
 */
export interface RunState {
  readonly identity: RunIdentity;
  input: Json;
  /** Time as `plan` sees it, epoch ms; the caller sets it. */
  now: number;
  startedAt: number | null;
  section: Section | 'done';
  ending: Ending | null;
  /** Since when the active section is being stopped; null while it goes on. */
  cancellingSince: number | null;
  finished: FinishedFact | null;
  readonly steps: StepState[];
  /** Unsettled steps by phase, and phases that a phase still waits for. */
  readonly phaseRemaining: number[];
  readonly phaseBlockers: number[];
  readonly sectionRemaining: { main: number; onFailure: number; finally: number };
  /** Steps that the last facts touched; what `plan` need look at. */
  readonly dirty: Set<number>;
  /** When each waiting step next has something to do by itself. */
  readonly timers: Map<number, number>;
  /** Tracks with a runner or child run, and tracks that are parked, in all. */
  dispatched: number;
  parked: number;
  /** How many of the dispatched are child runs. */
  children: number;
  /** Times the resume service has reopened this run since a person last did. */
  resumes: number;
  resumeAt: number | null;
  resumeNote: string | null;
}

export function newTrack(attempt = 0): Track {
  return {
    status: 'idle',
    attempt,
    spent: 0,
    retryAt: 0,
    output: null,
    error: null,
    branch: null,
    startedAt: null,
    finishedAt: null,
  };
}

function newStep(): StepState {
  return {
    status: 'pending',
    pendingEdges: 0,
    liveEdges: 0,
    deadEdges: 0,
    readyAt: null,
    skipReason: null,
    track: newTrack(),
    fan: null,
    fanBase: 0,
  };
}

/** The state of a run before its first fact. Nothing is open until it starts. */
export function initialState(program: Program, identity: RunIdentity, input: Json): RunState {
  return {
    identity,
    input,
    now: identity.createdAt,
    startedAt: null,
    section: 'main',
    ending: null,
    cancellingSince: null,
    finished: null,
    steps: program.steps.map(newStep),
    phaseRemaining: program.phases.map(() => 0),
    phaseBlockers: program.phases.map(() => 0),
    sectionRemaining: { main: 0, onFailure: 0, finally: 0 },
    dirty: new Set(),
    timers: new Map(),
    dispatched: 0,
    parked: 0,
    children: 0,
    resumes: 0,
    resumeAt: null,
    resumeNote: null,
  };
}

export function isSettled(step: StepState): boolean {
  return step.status !== 'pending' && step.status !== 'open';
}

/** The track that an attempt of this step and item is counted on; null when there is none. */
export function trackOf(step: StepState, item: number): Track | null {
  const { fan } = step;
  if (item === NO_ITEM) return step.track;
  if (fan === null || item < 0 || item >= fan.count) return null;
  return (fan.items[item] ??= newTrack(step.fanBase));
}

/** Moves a fan-out's `next` past the items that have started: once over each item in all. */
export function passStarted(fan: Fan | null): void {
  if (fan === null) return;
  while (fan.next < fan.count && (fan.items[fan.next]?.status ?? 'idle') !== 'idle') fan.next += 1;
}

export function isMoving(track: Track): boolean {
  return track.status === 'dispatched' || track.status === 'cancelling';
}

/** Counts a track as under way (`by` 1) or no more (-1). */
export function countMotion(state: RunState, type: string, by: 1 | -1): void {
  state.dispatched += by;
  if (type === 'workflow') state.children += by;
}
