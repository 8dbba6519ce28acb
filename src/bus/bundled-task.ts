import type { Task } from '../task/task.ts';
import type { Delivery } from './bus.ts';
import type { JetStreamDelivery } from './jetstream-delivery.ts';
import type { Waiting } from './slots.ts';

/** Leases are kept by each task of a bundle; the server need not hear of it that often, ms. */
const BEAT_MS = 250;
/** After so many beats without a slot a task goes to whoever has one. */
const PATIENCE = 2;

export interface BundleParts {
  readonly delivery: JetStreamDelivery;
  readonly tasks: readonly Task[];
  readonly handler: (delivery: Delivery<Task>) => void;
  /** A slot is free. */
  readonly leave: () => void;
  /** Stores the task as a message of its own; resolves when that is done, and never rejects. */
  readonly handBack: (task: Task, delayMs: number) => Promise<void>;
}

/**
 * The tasks of one message, each with a slot and an end of its own. The message is acknowledged
 * when all have ended; one that ends elsewhere is stored by itself before.
 */
export function unpackBundle(parts: BundleParts): BundledTask[] {
  const { delivery, tasks } = parts;
  let left = tasks.length;
  let beatAt = performance.now();
  const bundle = {
    settled: () => {
      left -= 1;
      if (left === 0) delivery.ack();
    },
    working: () => {
      const now = performance.now();
      if (now - beatAt < BEAT_MS) return;
      beatAt = now;
      delivery.working();
    },
  };
  return tasks.map((task) => new BundledTask(task, parts, bundle));
}

interface Bundle {
  settled(): void;
  working(): void;
}

export class BundledTask implements Delivery<Task>, Waiting {
  readonly message: Task;
  readonly deliveries: number;
  readonly #parts: BundleParts;
  readonly #bundle: Bundle;
  #hasSlot = false;
  #isSettled = false;
  #beats = 0;

  constructor(task: Task, parts: BundleParts, bundle: Bundle) {
    this.message = task;
    this.deliveries = parts.delivery.deliveries;
    this.#parts = parts;
    this.#bundle = bundle;
  }

  enter(): void {
    this.#hasSlot = true;
    this.#parts.handler(this);
  }

  keepWaiting(): boolean {
    this.#beats += 1;
    if (this.#beats > PATIENCE) this.release();
    else this.working();
    return !this.#isSettled;
  }

  ack(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#bundle.settled();
    this.#leave();
  }

  /** The others go on, so it leaves the message. */
  release(delayMs = 0): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    void this.#parts.handBack(this.message, delayMs).then(() => this.#bundle.settled());
    this.#leave();
  }

  working(): void {
    if (!this.#isSettled) this.#bundle.working();
  }

  makeRoom(): void {
    if (!this.#isSettled) this.#leave();
  }

  #leave(): void {
    if (!this.#hasSlot) return;
    this.#hasSlot = false;
    this.#parts.leave();
  }
}
