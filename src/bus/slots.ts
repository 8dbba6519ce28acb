import { Fifo } from './fifo.ts';

/** After so long without a slot a message goes to whoever has one. */
export const PATIENCE_MS = 1_000;

/** A message that can wait for a slot. */
export interface Waiting {
  enter(): void;
  release(): void;
  /** Called again and again while it waits; false when it has given up. */
  keepWaiting(): boolean;
}

/**
 * Room for the unsettled messages of one consumer, over all the queues that it reads. Every queue
 * keeps at least one message asked for, or an idle one would starve a busy one; the few that
 * arrive above the limit for that reason wait here, with their leases kept.
 */
export class Slots {
  readonly max: number;
  inFlight = 0;
  /** Asked for and not delivered yet. */
  asked = 0;
  private readonly queue = new Fifo<Waiting>();
  private readonly listeners: (() => void)[] = [];
  private isAdmitting = false;

  constructor(max: number) {
    this.max = max;
  }

  /** How many messages more may be asked for without coming to wait. */
  get room(): number {
    return this.max - this.inFlight - this.asked - this.queue.length;
  }

  /** Delivered, and without a slot yet. */
  get waiting(): number {
    return this.queue.length;
  }

  /** Some wait: more is here already than there is room for. */
  get isCrowded(): boolean {
    return this.queue.length > 0;
  }

  onRoom(listener: () => void): void {
    this.listeners.push(listener);
  }

  enter(message: Waiting): void {
    if (this.inFlight >= this.max) this.queue.push(message);
    else {
      this.inFlight += 1;
      message.enter();
    }
  }

  leave(): void {
    this.inFlight -= 1;
    this.admit();
    for (const listener of this.listeners) listener();
  }

  keepWaiting(): void {
    this.queue.keep((message) => message.keepWaiting());
  }

  /** Whoever waits goes back to the queue. */
  close(): void {
    for (let next = this.queue.shift(); next !== undefined; next = this.queue.shift()) {
      next.release();
    }
  }

  /** In a loop: those that wait may be thousands, and each may leave at the moment it enters. */
  private admit(): void {
    if (this.isAdmitting) return;
    this.isAdmitting = true;
    try {
      while (this.inFlight < this.max) {
        const next = this.queue.shift();
        if (next === undefined) break;
        this.enter(next);
      }
    } finally {
      this.isAdmitting = false;
    }
  }
}
