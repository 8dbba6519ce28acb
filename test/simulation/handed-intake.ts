import type { ConsumeTasks, Delivery } from '../../src/bus/bus.ts';
import type { Holding, Offer } from '../../src/bus/holding.ts';
import type { Task, TaskId } from '../../src/task/task.ts';
import type { Timeline } from './fake-clock.ts';
import type { SimulatedProcess } from './simulated-process.ts';

const RETRY_MS = 1000;

interface Handed {
  readonly task: Task;
  readonly sentAt: number;
  hasSlot: boolean;
  isSettled: boolean;
}

export interface HandedIntakeParts {
  readonly process: SimulatedProcess;
  readonly options: ConsumeTasks;
  readonly deliver: (delivery: Delivery<Task>, sentAt: number) => void;
  /** Stores it as a message of its own; rejects when the line fails. */
  readonly store: (task: Task, sentAt: number) => Promise<void>;
}

/** A runner's side of tasks that come straight from a controller, as in src/bus/handed-intake.ts. */
export class HandedIntake {
  readonly process: SimulatedProcess;
  readonly #parts: HandedIntakeParts;
  readonly #timeline: Timeline;
  /** Until they are acknowledged, or stored elsewhere. */
  readonly #held = new Map<TaskId, Handed>();
  #inSlots = 0;
  #isStopped = false;

  constructor(timeline: Timeline, parts: HandedIntakeParts) {
    this.#timeline = timeline;
    this.#parts = parts;
    this.process = parts.process;
  }

  holds(id: TaskId): boolean {
    return this.#held.has(id);
  }

  /** Nothing of it is left to wait for: a dead one loses what it held. */
  get isEmpty(): boolean {
    return !this.process.isAlive || this.#held.size === 0;
  }

  get word(): Holding {
    const tasks = [...this.#held.keys()];
    return { taker: this.process.name, tasks, isLeaving: this.#isStopped && tasks.length === 0 };
  }

  /** Half of the runner's slots are for what is handed over; here the other half is apart. */
  get offer(): Offer | null {
    const { queues } = this.#parts.options;
    const room = this.#slots - this.#inSlots;
    return room <= 0 || this.#isStopped ? null : { taker: this.process.name, room, queues };
  }

  get #slots(): number {
    return Math.floor(this.#parts.options.maxInFlight / 2);
  }

  stop(): void {
    this.#isStopped = true;
  }

  take(task: Task, sentAt: number): void {
    if (!this.process.isAlive || this.#held.has(task.id)) return;
    const handed: Handed = { task, sentAt, hasSlot: false, isSettled: false };
    this.#held.set(task.id, handed);
    // Two reports may have offered the same slot.
    if (this.#isStopped || this.#inSlots >= this.#slots) this.#giveBack(handed, 0);
    else this.#enter(handed);
  }

  #enter(handed: Handed): void {
    handed.hasSlot = true;
    this.#inSlots += 1;
    this.#parts.deliver(this.#delivery(handed), handed.sentAt);
  }

  #delivery(handed: Handed): Delivery<Task> {
    return {
      message: structuredClone(handed.task),
      deliveries: 1,
      ack: () => {
        if (this.process.acts()) this.#end(handed);
      },
      release: (delayMs = 0) => this.#giveBack(handed, delayMs),
      // It tells of all that it holds, each second.
      working: () => undefined,
      makeRoom: () => this.#leave(handed),
    };
  }

  #end(handed: Handed): void {
    if (handed.isSettled) return;
    handed.isSettled = true;
    this.#held.delete(handed.task.id);
    this.#leave(handed);
  }

  /** It counts as held until it is stored. */
  #giveBack(handed: Handed, delayMs: number): void {
    if (handed.isSettled) return;
    handed.isSettled = true;
    this.#leave(handed);
    void this.#store(handed, delayMs);
  }

  async #store({ task, sentAt }: Handed, delayMs: number): Promise<void> {
    let pauseMs = delayMs;
    for (let isStored = false; !isStored; pauseMs = RETRY_MS) {
      await this.#pause(pauseMs);
      isStored = await this.#parts.store(task, sentAt).then(
        () => true,
        () => false,
      );
    }
    this.#held.delete(task.id);
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#timeline.after(ms, `${this.process.name} gives back`, () => {
        if (this.process.isAlive) resolve();
      });
    });
  }

  #leave(handed: Handed): void {
    if (handed.hasSlot) this.#inSlots -= 1;
    handed.hasSlot = false;
  }
}
