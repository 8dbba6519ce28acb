import type { Delivery } from './bus.ts';
import { Fifo } from './fifo.ts';

/** One consumer's share of the queues that it takes from. */
export interface Taker<T> {
  readonly leaseMs: number;
  readonly maxInFlight: number;
  /** Whether it wants all that is there at once, or one after another in turn with others. */
  readonly batches: boolean;
  deliver(batch: readonly Delivery<T>[]): void;
  /** Unacknowledged deliveries over all queues; the queues keep count. */
  inFlight: number;
  stopped: boolean;
  /** Called when a slot became free: looks at all the queues of this taker again. */
  roomAgain(): void;
}

interface Entry<T> {
  readonly message: T;
  readonly key: string | null;
  state: 'queued' | 'held' | 'gone';
  deliveries: number;
  /** Only while held. */
  leaseUntil: number;
  holder: HeldDelivery<T> | null;
}

/** Messages in order, each held by one taker at a time, until its lease or the work is over. */
export class LeasedQueue<T> {
  private readonly fresh = new Fifo<Entry<T>>();
  /** Released or expired: served before fresh ones, as JetStream does. */
  private readonly returned = new Fifo<Entry<T>>();
  private readonly held = new Set<Entry<T>>();
  private readonly keyed = new Map<string, Entry<T>>();
  private readonly takers: Taker<T>[] = [];
  private readonly delays = new Set<NodeJS.Timeout>();
  private nextTaker = 0;
  private pumping = false;
  private closed = false;
  private leaseTimer: NodeJS.Timeout | undefined;
  private leaseTickMs = Infinity;

  /** Messages that are queued, delayed or held. */
  size = 0;

  /** Whether a message of this key is queued, delayed or held. */
  has(key: string): boolean {
    return this.keyed.has(key);
  }

  /** Appends one message; the key, if any, must not be in the queue. */
  push(message: T, key: string | null): void {
    const entry: Entry<T> = {
      message,
      key,
      state: 'queued',
      deliveries: 0,
      leaseUntil: 0,
      holder: null,
    };
    if (key !== null) this.keyed.set(key, entry);
    this.size += 1;
    this.fresh.push(entry);
    this.schedule();
  }

  /** Takes a message out; when somebody holds it, its acknowledgement means nothing any more. */
  withdraw(key: string): void {
    const entry = this.keyed.get(key);
    if (entry !== undefined) this.remove(entry);
  }

  attach(taker: Taker<T>): void {
    this.takers.push(taker);
    this.leaseTickMs = Math.min(this.leaseTickMs, Math.max(10, Math.min(500, taker.leaseMs / 8)));
    clearInterval(this.leaseTimer);
    this.leaseTimer = setInterval(() => this.expireLeases(), this.leaseTickMs);
    this.leaseTimer.unref();
    this.schedule();
  }

  detach(taker: Taker<T>): void {
    const index = this.takers.indexOf(taker);
    if (index >= 0) this.takers.splice(index, 1);
  }

  close(): void {
    this.closed = true;
    clearInterval(this.leaseTimer);
    for (const timer of this.delays) clearTimeout(timer);
    this.delays.clear();
    this.takers.length = 0;
    this.fresh.clear();
    this.returned.clear();
    this.held.clear();
    this.keyed.clear();
    this.size = 0;
  }

  /** Delivers in a microtask, so that what one tick publishes is seen together. */
  schedule(): void {
    if (this.pumping || this.closed || this.takers.length === 0) return;
    if (this.fresh.length === 0 && this.returned.length === 0) return;
    this.pumping = true;
    queueMicrotask(() => {
      this.pumping = false;
      this.pump();
    });
  }

  acknowledge(delivery: HeldDelivery<T>): void {
    this.letGo(delivery);
    this.remove(delivery.entry);
    delivery.taker.roomAgain();
  }

  giveBack(delivery: HeldDelivery<T>, delayMs: number): void {
    const { entry } = delivery;
    const stale = entry.holder !== delivery || entry.state !== 'held';
    this.letGo(delivery);
    if (!stale) {
      entry.state = 'queued';
      if (delayMs <= 0) this.requeue(entry);
      else this.requeueLater(entry, delayMs);
    }
    delivery.taker.roomAgain();
  }

  extend(delivery: HeldDelivery<T>): void {
    const { entry } = delivery;
    if (entry.holder === delivery) entry.leaseUntil = performance.now() + delivery.taker.leaseMs;
  }

  private pump(): void {
    for (;;) {
      const taker = this.takerWithRoom();
      if (taker === undefined) return;
      const wanted = taker.batches ? taker.maxInFlight - taker.inFlight : 1;
      const batch: Delivery<T>[] = [];
      while (batch.length < wanted) {
        const entry = this.takeNext();
        if (entry === undefined) break;
        batch.push(this.hold(entry, taker));
      }
      if (batch.length === 0) return;
      taker.deliver(batch);
    }
  }

  private takerWithRoom(): Taker<T> | undefined {
    for (let tried = 0; tried < this.takers.length; tried += 1) {
      this.nextTaker = (this.nextTaker + 1) % this.takers.length;
      const taker = this.takers[this.nextTaker];
      if (taker !== undefined && taker.inFlight < taker.maxInFlight) return taker;
    }
    return undefined;
  }

  private takeNext(): Entry<T> | undefined {
    for (;;) {
      const entry = this.returned.shift() ?? this.fresh.shift();
      if (entry === undefined || entry.state === 'queued') return entry;
    }
  }

  private hold(entry: Entry<T>, taker: Taker<T>): HeldDelivery<T> {
    entry.state = 'held';
    entry.deliveries += 1;
    entry.leaseUntil = performance.now() + taker.leaseMs;
    const delivery = new HeldDelivery(this, entry, taker);
    entry.holder = delivery;
    taker.inFlight += 1;
    this.held.add(entry);
    return delivery;
  }

  /** Frees the slot; a delivery that has expired freed it then. */
  private letGo(delivery: HeldDelivery<T>): void {
    const { entry } = delivery;
    if (delivery.expired) return;
    delivery.taker.inFlight -= 1;
    if (entry.holder === delivery) {
      entry.holder = null;
      this.held.delete(entry);
    }
  }

  private remove(entry: Entry<T>): void {
    if (entry.state === 'gone') return;
    entry.state = 'gone';
    this.held.delete(entry);
    if (entry.key !== null && this.keyed.get(entry.key) === entry) this.keyed.delete(entry.key);
    this.size -= 1;
  }

  private requeue(entry: Entry<T>): void {
    if (this.closed) return;
    this.returned.push(entry);
    this.schedule();
  }

  private requeueLater(entry: Entry<T>, delayMs: number): void {
    const timer = setTimeout(() => {
      this.delays.delete(timer);
      this.requeue(entry);
    }, delayMs);
    timer.unref();
    this.delays.add(timer);
  }

  private expireLeases(): void {
    const now = performance.now();
    for (const entry of this.held) {
      const delivery = entry.holder;
      if (delivery === null || entry.leaseUntil > now) continue;
      this.letGo(delivery);
      delivery.expired = true;
      entry.state = 'queued';
      this.requeue(entry);
      delivery.taker.roomAgain();
    }
  }
}

class HeldDelivery<T> implements Delivery<T> {
  readonly message: T;
  readonly deliveries: number;
  readonly entry: Entry<T>;
  readonly taker: Taker<T>;
  expired = false;
  private readonly queue: LeasedQueue<T>;
  private settled = false;

  constructor(queue: LeasedQueue<T>, entry: Entry<T>, taker: Taker<T>) {
    this.queue = queue;
    this.entry = entry;
    this.taker = taker;
    this.message = entry.message;
    this.deliveries = entry.deliveries;
  }

  ack(): void {
    if (this.settled) return;
    this.settled = true;
    this.queue.acknowledge(this);
  }

  release(delayMs = 0): void {
    if (this.settled) return;
    this.settled = true;
    this.queue.giveBack(this, delayMs);
  }

  working(): void {
    if (!this.settled) this.queue.extend(this);
  }

  makeRoom(): void {
    // Within one process the acknowledgement follows at once.
  }
}
