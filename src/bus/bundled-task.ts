import type { Task } from '../task/task.ts';
import type { Delivery } from './bus.ts';
import { PATIENCE_MS, type Waiting } from './slots.ts';

/** Leases are kept by each task of a bundle; the server need not hear of it that often, ms. */
const BEAT_MS = 250;

export interface BundleParts {
  /** The message that they came in. */
  readonly delivery: Pick<Delivery<unknown>, 'deliveries' | 'ack' | 'working'>;
  readonly tasks: readonly Task[];
  readonly handler: (delivery: Delivery<Task>) => void;
  /** A slot is free. */
  readonly leave: () => void;
  /** Stores the task as a message of its own; resolves when that is done, and never rejects. */
  readonly handBack: (task: Task, delayMs: number) => Promise<void>;
  /** Those that wait for their slot; each comes and goes by itself. */
  readonly waiting: Set<BundledTask>;
}

/**
 * The tasks of one message, each with a slot and an end of its own. The message is acknowledged
 * when all have ended; one that ends elsewhere is stored by itself before.
 */
export function unpackBundle(parts: BundleParts): BundledTask[] {
  const { delivery, tasks } = parts;
  let left = tasks.length;
  const openedAt = performance.now();
  let beatAt = openedAt;
  const bundle = {
    waitsLong: () => performance.now() - openedAt > PATIENCE_MS,
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
  waitsLong(): boolean;
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

  constructor(task: Task, parts: BundleParts, bundle: Bundle) {
    this.message = task;
    this.deliveries = parts.delivery.deliveries;
    this.#parts = parts;
    this.#bundle = bundle;
    parts.waiting.add(this);
  }

  enter(): void {
    this.#hasSlot = true;
    this.#parts.waiting.delete(this);
    if (this.#isSettled) this.#leave();
    else this.#parts.handler(this);
  }

  keepWaiting(): boolean {
    if (this.#bundle.waitsLong()) this.release();
    else this.working();
    return !this.#isSettled;
  }

  ack(): void {
    if (this.#isSettled) return;
    this.#end();
    this.#bundle.settled();
    this.#leave();
  }

  /** The others go on, so it leaves the message. */
  release(delayMs = 0): void {
    if (this.#isSettled) return;
    this.#end();
    void this.#parts.handBack(this.message, delayMs).then(() => this.#bundle.settled());
    this.#leave();
  }

  working(): void {
    if (!this.#isSettled) this.#bundle.working();
  }

  makeRoom(): void {
    if (!this.#isSettled) this.#leave();
  }

  #end(): void {
    this.#isSettled = true;
    this.#parts.waiting.delete(this);
  }

  #leave(): void {
    if (!this.#hasSlot) return;
    this.#hasSlot = false;
    this.#parts.leave();
  }
}
