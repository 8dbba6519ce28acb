import type { RunChange } from '../../src/controller/ports.ts';
import type { AttemptFact } from '../../src/engine/fact.ts';
import { admits, fold } from '../../src/engine/fold.ts';
import { isReady, stepAt } from '../../src/engine/settle.ts';
import { initialState, isSettled, type RunState } from '../../src/engine/state.ts';
import type { Program } from '../../src/graph/program.ts';
import type { RunRecord, RunRequest } from '../../src/record/run.ts';
import {
  type ActivityEntry,
  type Checkpoint,
  NO_ITEM,
  type Task,
  taskId,
} from '../../src/task/task.ts';
import type { BusWatcher } from './lossy-bus.ts';
import type { StoreWatcher } from './memory-store.ts';
import { ParallelWatch } from './parallel-watch.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** A run as its recorded facts, one after another, make it. */
export interface Shadow {
  readonly program: Program;
  readonly state: RunState;
  readonly run: RunRecord;
  seq: number;
  /** By task id: when its outcome was recorded. */
  readonly recordedAt: Map<string, number>;
}

export interface CheckerParts {
  readonly now: () => number;
  readonly programOf: (versionId: string) => Program;
  /** For how long a sender may not know what has been recorded: calls under way, ms. */
  readonly slackMs: number;
  readonly hasActivity: (entry: ActivityEntry) => boolean;
  /** Adds to the trace. */
  readonly note: (label: string) => void;
}

/** Watches the store and the bus, and writes down every broken promise at the moment it breaks. */
export class Checker implements StoreWatcher, BusWatcher {
  readonly violations: string[] = [];
  readonly shadows = new Map<string, Shadow>();
  readonly unfinished = new Set<string>();
  /** Runs that somebody asked something of: a person, a parent, a source. */
  readonly touched = new Set<string>();
  readonly counts = { facts: 0, published: 0, executed: 0, executedAgain: 0 };
  readonly #requests = new Map<string, RunRequest>();
  readonly #answeredIds = new Set<string>();
  readonly parallel: ParallelWatch;
  readonly #executed = new Set<string>();
  readonly #asked = new Set<string>();
  readonly #sentAt = new Map<string, number>();
  readonly #parts: CheckerParts;

  constructor(parts: CheckerParts) {
    this.#parts = parts;
    this.parallel = new ParallelWatch({
      shadows: this.shadows,
      slackMs: parts.slackMs,
      broken: (message) => this.broken(message),
    });
  }

  broken(message: string): void {
    if (this.violations.length < 20) this.violations.push(message);
  }

  created(run: RunRecord): void {
    const program = this.#parts.programOf(run.versionId);
    const { id, namespace, workflow, versionNumber, createdAt } = run;
    const state = initialState(
      program,
      { id, namespace, workflow, versionNumber, createdAt },
      run.input,
    );
    const shadow = { program, state, run, seq: 0, recordedAt: new Map() };
    this.shadows.set(id, shadow);
    this.unfinished.add(id);
  }

  requested(request: RunRequest): void {
    this.#requests.set(request.id, request);
    this.touched.add(request.runId);
  }

  kept(entry: ActivityEntry): void {
    if (!this.#parts.hasActivity(entry)) {
      this.broken(`${entry.runId}: "${entry.message}" was acknowledged and is not kept`);
    }
  }

  committed(change: RunChange): void {
    this.#parts.note(JSON.stringify([change.id, change.status, change.facts]));
    const shadow = this.#shadow(change.id);
    if (change.expectedSeq !== shadow.seq) {
      this.broken(
        `${change.id}: written as if at ${change.expectedSeq}, but it is at ${shadow.seq}`,
      );
    }
    const wasFinished = shadow.state.finished !== null;
    for (const fact of change.facts) {
      shadow.seq += 1;
      this.counts.facts += 1;
      if (!admits(shadow.program, shadow.state, fact)) {
        this.broken(`${change.id}: recorded what does not fit: ${JSON.stringify(fact)}`);
      }
      fold(shadow.program, shadow.state, fact);
      if (fact.kind === 'attempt') this.#conclude(shadow, fact);
    }
    for (const { runId } of change.asked) this.#asked.add(runId);
    for (const fact of change.facts) if (fact.kind === 'attempt') this.#abandoned(shadow, fact);
    if (change.finishedAt === null) this.unfinished.add(change.id);
    else this.unfinished.delete(change.id);
    for (const request of change.answered) this.#answered(shadow, { request, change, wasFinished });
  }

  #conclude({ recordedAt, run }: Shadow, fact: AttemptFact): void {
    const id = taskId(run.id, fact);
    if (recordedAt.has(id)) this.broken(`${id}: applied twice`);
    recordedAt.set(id, this.#parts.now());
  }

  /** A parent that gives up a step has asked the step's child runs to stop, for certain. */
  #abandoned(parent: Shadow, fact: AttemptFact): void {
    if (fact.outcome.kind !== 'cancelled') return;
    for (const { run, state } of this.shadows.values()) {
      const isOwn = run.parent?.runId === parent.run.id && run.parent.step === fact.step;
      const isMeant = fact.item === NO_ITEM || run.parent?.item === fact.item;
      const isEnding = state.ending !== null || state.finished !== null;
      if (!isOwn || !isMeant || isEnding || this.#asked.has(run.id)) continue;
      this.broken(`${run.id}: its parent ${parent.run.id} ended its step and left it running`);
    }
  }

  /** A request that is taken out of the inbox has had its effect, or can have none. */
  #answered(
    { state, run }: Shadow,
    answer: { request: string; change: RunChange; wasFinished: boolean },
  ): void {
    const { request, change, wasFinished } = answer;
    this.#answeredIds.add(request);
    if (this.#requests.get(request)?.body.kind === 'cancel') {
      const isEnding = state.ending !== null || state.finished !== null || wasFinished;
      if (!isEnding) this.broken(`${run.id}: cancel request ${request} was swallowed`);
    } else if (wasFinished && !change.facts.some(({ kind }) => kind === 'reopened')) {
      this.broken(`${run.id}: retry request ${request} was swallowed`);
    }
  }

  /** Each request led to a commit that says so. */
  checkRequests(): void {
    for (const { id, runId } of this.#requests.values()) {
      if (!this.#answeredIds.has(id)) this.broken(`${runId}: request ${id} got lost`);
    }
  }

  published(tasks: readonly Task[], sentAt: number): void {
    this.counts.published += tasks.length;
    const ids = new Set(tasks.map(({ id }) => id));
    if (ids.size < tasks.length) this.broken(`a burst at ${sentAt} held the same task twice`);
    for (const task of tasks) this.#sent(task, sentAt);
  }

  #sent(task: Task, sentAt: number): void {
    const { program, state } = this.#shadow(task.runId);
    const { track, fan, fanBase } = stepAt(state, task.step);
    const concluded = task.item < 0 ? track.attempt : (fan?.items[task.item]?.attempt ?? fanBase);
    const isOpen = isSettled(stepAt(state, task.step)) || isReady(program, state, task.step);
    if (task.attempt > concluded && !isOpen) {
      this.broken(`${task.id}: sent at ${sentAt} before what it needs was recorded`);
    }
  }

  /** Nothing is acknowledged that the record would still take. */
  acknowledged(checkpoint: Checkpoint): void {
    const shadow = this.shadows.get(checkpoint.runId);
    if (shadow === undefined) return;
    const fact = { ...checkpoint, kind: 'attempt', at: this.#parts.now(), branch: null } as const;
    if (admits(shadow.program, shadow.state, fact)) {
      this.broken(`${checkpoint.taskId}: acknowledged before it was recorded`);
    }
  }

  taken(task: Task, sentAt: number): void {
    this.#sentAt.set(task.id, sentAt);
  }

  executing(task: Task, process: SimulatedProcess): void {
    const sentAt = this.#sentAt.get(task.id) ?? 0;
    this.parallel.began(task, { process, sentAt });
    this.counts.executed += 1;
    if (this.#executed.has(task.id)) this.counts.executedAgain += 1;
    this.#executed.add(task.id);
    const recordedAt = this.#shadow(task.runId).recordedAt.get(task.id);
    if (recordedAt !== undefined && sentAt > recordedAt + this.#parts.slackMs) {
      const lateMs = sentAt - recordedAt;
      this.broken(`${task.id}: sent again ${lateMs} ms after its outcome was recorded`);
    }
  }

  #shadow(id: string): Shadow {
    const shadow = this.shadows.get(id);
    if (shadow === undefined) throw new Error(`run ${id} was never created`);
    return shadow;
  }
}
