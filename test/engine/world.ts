import { advance, type Advance } from '../../src/controller/advance.ts';
import type { Fact, RecordableFact } from '../../src/engine/fact.ts';
import { fold } from '../../src/engine/fold.ts';
import { hash32 } from '../../src/engine/hash.ts';
import { initialState, isSettled, type RunState } from '../../src/engine/state.ts';
import { nextWake } from '../../src/engine/status.ts';
import type { Json } from '../../src/expr/json.ts';
import type { Program } from '../../src/graph/program.ts';
import { NO_ITEM, taskId, type Outcome } from '../../src/task/task.ts';

export interface Behaviour {
  /** Out of 100 attempts, how many fail in a way worth retrying, and how many for good. */
  readonly retryable: number;
  readonly hard: number;
  readonly seed: number;
}

interface Sent {
  readonly id: string;
  readonly step: number;
  readonly item: number;
  readonly attempt: number;
}

const IDENTITY = {
  id: '018f0000-0000-7000-8000-000000000001',
  namespace: 'default',
  workflow: 'random',
  versionNumber: 1,
  createdAt: 1_000_000,
};

/** One run and everything around it, without clocks or messages: the test moves it by hand. */
export class World {
  readonly program: Program;
  readonly input: Json;
  readonly behaviour: Behaviour;
  state: RunState;
  now = IDENTITY.createdAt;
  recorded: RecordableFact[] = [];
  /** With a runner, by task id. */
  readonly sent = new Map<string, Sent>();
  readonly everSent = new Set<string>();
  readonly past: Fact[] = [];
  resume: readonly number[] | null = null;
  last: Advance | null = null;

  constructor(program: Program, input: Json, behaviour: Behaviour) {
    this.program = program;
    this.input = input;
    this.behaviour = behaviour;
    this.state = this.fresh();
  }

  fresh(): RunState {
    return initialState(this.program, IDENTITY, this.input);
  }

  /** The state as another controller would load it. */
  replayed(): RunState {
    const state = this.fresh();
    for (const fact of this.recorded) fold(this.program, state, fact);
    return state;
  }

  step(facts: readonly Fact[]): Advance {
    const result = advance(this.program, this.state, { facts: facts, now: this.now });
    this.recorded.push(...result.recorded);
    this.resume = result.resume ?? this.resume;
    for (const task of result.tasks) {
      if (this.everSent.has(task.id)) throw new Error(`task ${task.id} was sent twice`);
      this.everSent.add(task.id);
      this.sent.set(task.id, task);
    }
    for (const { ref } of result.cancels) this.#cancel(ref);
    this.last = result;
    return result;
  }

  #cancel(ref: { step: number; item: number; attempt: number }): void {
    const id = taskId(IDENTITY.id, ref);
    // Some runners answer, some never do.
    if (hash32(id, this.behaviour.seed) % 2 === 0) this.sent.delete(id);
  }

  /** The checkpoint of a sent task: the same whenever and however often it is made. */
  checkpoint(sent: Sent): Fact {
    const { step, item, attempt } = sent;
    const outcome = this.#outcome(sent.id);
    const fact = {
      kind: 'attempt',
      at: this.now,
      step,
      item,
      attempt,
      outcome,
      branch: null,
    } as const;
    return { ...fact, startedAt: this.now, finishedAt: this.now, runner: 'r1' };
  }

  #outcome(id: string): Outcome {
    const dice = hash32(id, this.behaviour.seed) % 100;
    const message = `dice ${dice}`;
    if (dice < this.behaviour.hard) {
      return { kind: 'failed', error: { class: 'hard', code: 'code', message } };
    }
    if (dice < this.behaviour.hard + this.behaviour.retryable) {
      return { kind: 'failed', error: { class: 'retryable', code: 'transient', message } };
    }
    return { kind: 'completed', output: { id: id.slice(37) } };
  }

  deliver(sent: Sent): void {
    this.sent.delete(sent.id);
    const fact = this.checkpoint(sent);
    this.past.push(fact);
    this.step([fact]);
  }

  /** Lets time pass until something happens by itself; false when nothing will. */
  sleep(): boolean {
    const wake = nextWake(this.program, this.state);
    if (wake === null) return false;
    this.now = Math.max(this.now, wake);
    this.step([]);
    return true;
  }

  answerResume(holds: boolean): void {
    const steps = this.resume ?? [];
    this.resume = null;
    this.step([
      holds
        ? { kind: 'reopened', at: this.now, steps, cause: 'resume', by: 'test' }
        : { kind: 'deferred', at: this.now, reason: 'not yet' },
    ]);
  }

  /** One thing that can happen next, chosen by `pick`; false when the run is over or stuck. */
  move(pick: (count: number) => number): boolean {
    if (this.state.finished !== null) return false;
    if (this.resume !== null) {
      this.answerResume(pick(3) > 0);
      return true;
    }
    const sent = [...this.sent.values()];
    const chosen = sent[pick(sent.length + (sent.length === 0 ? 1 : 0))];
    if (chosen !== undefined) this.deliver(chosen);
    else if (!this.sleep()) return false;
    return true;
  }

  /** What a state holds of the outcome, for comparing two ways to the same end. */
  static face(state: RunState): Json {
    const steps = state.steps.map((each) => {
      const { status, track, skipReason, fan } = each;
      return {
        // Whether a task is on its way is no part of the outcome.
        status: isSettled(each) ? status : 'open',
        skipReason,
        output: status === 'completed' ? track.output : null,
        count: fan?.count ?? NO_ITEM,
      };
    });
    const { section, finished } = state;
    return { steps, section, status: finished?.status ?? null, output: finished?.output ?? null };
  }
}
