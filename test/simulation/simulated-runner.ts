import type { Bus, Delivery } from '../../src/bus/bus.ts';
import type { Clock } from '../../src/controller/ports.ts';
import type { ActivityEntry, Checkpoint, Outcome, Task } from '../../src/task/task.ts';
import type { Dice } from './dice.ts';
import type { SimulatedProcess } from './simulated-process.ts';

export interface SimulatedRunnerParts {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly dice: Dice;
  readonly process: SimulatedProcess;
  /** The outcome of an attempt: the same whoever makes it and however often. */
  readonly outcomeOf: (task: Task) => Outcome;
  /** What its output refers to: stored before it is reported. */
  readonly artifactOf?: (task: Task) => Uint8Array | null;
  /** Called when an attempt begins, and when it is over. */
  readonly executing: (task: Task) => void;
  readonly executed?: (task: Task) => void;
  /** How long an attempt may take now. */
  readonly longestMs: () => number;
}

const HEARTBEAT_MS = 1000;

interface Attempt {
  readonly task: Task;
  /** More than one when the task came again while it was under way. */
  readonly deliveries: Delivery<Task>[];
  isOver: boolean;
  readonly cancel: AbortController;
}

/** Takes tasks as the real runner does: heartbeats, reports first and acknowledges then. */
export class SimulatedRunner {
  readonly #parts: SimulatedRunnerParts;
  readonly #attempts = new Map<string, Attempt>();

  constructor(parts: SimulatedRunnerParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { bus, dice } = this.#parts;
    bus.onSignal('cancel', ({ runId, tasks }) => this.#cancel(runId, tasks));
    const options = { queues: ['default'], maxInFlight: dice.between(2, 12), leaseMs: 4000 };
    await bus.consumeTasks(options, (delivery) => this.#take(delivery));
  }

  #take(delivery: Delivery<Task>): void {
    const task = delivery.message;
    const underWay = this.#attempts.get(task.id);
    if (underWay !== undefined) {
      underWay.deliveries.push(delivery);
      return;
    }
    const deliveries = [delivery];
    const attempt = { task, deliveries, isOver: false, cancel: new AbortController() };
    this.#attempts.set(task.id, attempt);
    this.#parts.executing(task);
    void this.#beat(attempt);
    void this.#execute(attempt);
  }

  async #beat(attempt: Attempt): Promise<void> {
    while (!attempt.isOver) {
      for (const delivery of attempt.deliveries) delivery.working();
      await this.#parts.clock.sleep(HEARTBEAT_MS);
    }
  }

  async #execute(attempt: Attempt): Promise<void> {
    const { clock, dice, outcomeOf, longestMs, process, executed } = this.#parts;
    const { task, cancel } = attempt;
    if (dice.chance(0.1)) this.#say(task, 'it goes on');
    const startedAt = clock.now();
    // Some handlers never notice their abort signal.
    const signal = dice.chance(0.7) ? cancel.signal : undefined;
    await clock.sleep(dice.below(longestMs() + 1), signal);
    const outcome = signal?.aborted === true ? ({ kind: 'cancelled' } as const) : outcomeOf(task);
    if (outcome.kind === 'completed') await this.#store(task);
    executed?.(task);
    // What waits to be recorded keeps nobody from working.
    for (const delivery of attempt.deliveries) delivery.makeRoom();
    const { id: taskId, runId, step, item, attempt: number } = task;
    const place = { taskId, runId, step, item, attempt: number };
    const times = { startedAt, finishedAt: clock.now() };
    await this.#report({ ...place, outcome, ...times, runner: process.name });
    attempt.isOver = true;
    for (const delivery of attempt.deliveries) delivery.ack();
    this.#attempts.delete(task.id);
  }

  /** Nobody waits for it, as nothing depends on it. */
  #say(task: Task, message: string): void {
    const { runId, step, item, attempt, id } = task;
    const at = this.#parts.clock.now();
    const entry = { runId, step, item, attempt, at, level: 'info', message: `${id} ${message}` };
    this.#parts.bus.publishActivity([entry as ActivityEntry]).catch(() => undefined);
  }

  async #store(task: Task): Promise<void> {
    const bytes = this.#parts.artifactOf?.(task) ?? null;
    if (bytes !== null) await this.#insist(() => this.#parts.bus.putBlob(bytes));
  }

  #report(checkpoint: Checkpoint): Promise<void> {
    return this.#insist(() => this.#parts.bus.reportCheckpoints([checkpoint]));
  }

  async #insist<T>(call: () => Promise<T>): Promise<T> {
    for (;;) {
      try {
        return await call();
      } catch {
        // It was not taken, or the answer was lost: once more.
        await this.#parts.clock.sleep(200);
      }
    }
  }

  #cancel(runId: string, tasks: readonly string[]): void {
    for (const { task, cancel } of this.#attempts.values()) {
      if (task.runId === runId && (tasks.length === 0 || tasks.includes(task.id))) cancel.abort();
    }
  }
}
