import type { Delivery } from '../../src/bus/bus.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './fake-clock.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** What the transport does to messages; the simulation changes it as it goes. */
export interface TransportWeather {
  /** Part of the messages that are acknowledged to the sender and then lost, or doubled. */
  lose: number;
  double: number;
  /** Longest time that a message lies before it is delivered, ms: what reorders them. */
  delayMs: number;
}

interface Entry<T> {
  /** Of one message, or of each that travels in it. */
  readonly keys: readonly string[];
  readonly message: T;
  /** When the sender called; what it knew is from then. */
  readonly sentAt: number;
  deliveries: number;
  /** Raised by each delivery: an old delivery means nothing any more. */
  hold: number;
  isHeld: boolean;
  leaseUntil: number;
  /** Among those that nobody had room for. */
  isWaiting: boolean;
  isGone: boolean;
}

export interface LossyDelivery<T> extends Delivery<T> {
  /** Acknowledges; calls back when it is really gone. */
  takeOut(then: () => void): void;
}

export interface Taker<T> {
  readonly process: SimulatedProcess;
  readonly maxInFlight: number;
  readonly leaseMs: number;
  readonly deliver: (delivery: LossyDelivery<T>, sentAt: number) => void;
  inFlight: number;
  isStopped: boolean;
}

/** Messages on their way: lost, doubled, late and out of order as the weather has it. */
export class LossyQueue<T> {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #weather: TransportWeather;
  readonly #name: string;
  #entries = new Set<Entry<T>>();
  /** By key: how many of the entries have it. */
  #copies = new Map<string, number>();
  /** Entries that nobody had room for; some of them may be gone since. */
  #waiting: Entry<T>[] = [];
  readonly #takers: Taker<T>[] = [];

  constructor(parts: { timeline: Timeline; dice: Dice; weather: TransportWeather; name: string }) {
    this.#timeline = parts.timeline;
    this.#dice = parts.dice;
    this.#weather = parts.weather;
    this.#name = parts.name;
  }

  has(key: string): boolean {
    return (this.#copies.get(key) ?? 0) > 0;
  }

  get size(): number {
    return this.#entries.size;
  }

  get keys(): string[] {
    return [...this.#entries].flatMap(({ keys }) => keys);
  }

  /** Whether one message has exactly these. */
  hasTogether(keys: readonly string[]): boolean {
    if (!keys.every((key) => this.has(key))) return false;
    const name = keys.join();
    return [...this.#entries].some((entry) => entry.keys.join() === name);
  }

  push(keys: string | readonly string[], message: T, sentAt: number): void {
    if (this.#dice.chance(this.#weather.lose)) return;
    const copies = this.#dice.chance(this.#weather.double) ? 2 : 1;
    for (let made = 0; made < copies; made += 1) {
      const entry: Entry<T> = {
        keys: [keys].flat(),
        message: structuredClone(message),
        sentAt,
        deliveries: 0,
        hold: 0,
        isHeld: false,
        leaseUntil: 0,
        isWaiting: false,
        isGone: false,
      };
      this.#entries.add(entry);
      this.#count(entry, 1);
      this.#offer(entry);
    }
  }

  /**
   * Takes out what has this key; of several in a message only while nobody has had it. Returns
   * the messages of such, whose others are to go on.
   */
  withdraw(key: string): { message: T; sentAt: number }[] {
    const opened: { message: T; sentAt: number }[] = [];
    for (const entry of this.#entries) {
      if (!entry.keys.includes(key)) continue;
      if (entry.keys.length > 1 && entry.deliveries > 0) continue;
      this.#remove(entry);
      if (entry.keys.length > 1) opened.push(entry);
    }
    return opened;
  }

  /** The whole store is deleted. */
  vanish(): void {
    for (const entry of this.#entries) entry.isGone = true;
    this.#entries = new Set();
    this.#copies = new Map();
    this.#waiting = [];
  }

  attach(taker: Taker<T>): void {
    this.#takers.push(taker);
    for (let room = taker.maxInFlight; room > 0; room -= 1) this.#offerWaiting();
  }

  #offer(entry: Entry<T>, least = 0): void {
    const delayMs = least + this.#dice.below(this.#weather.delayMs + 1);
    this.#timeline.after(delayMs, `${this.#name} ${nameOf(entry)}`, () => this.#deliver(entry));
  }

  #deliver(entry: Entry<T>): void {
    if (entry.isGone || entry.isHeld) return;
    const ready = this.#takers.filter((taker) => {
      return taker.process.isAlive && !taker.isStopped && taker.inFlight < taker.maxInFlight;
    });
    // Whoever becomes free or attaches asks again.
    if (ready.length === 0) {
      if (!entry.isWaiting) this.#waiting.push(entry);
      entry.isWaiting = true;
      return;
    }
    const taker = this.#dice.pick(ready);
    entry.isHeld = true;
    entry.hold += 1;
    entry.deliveries += 1;
    taker.inFlight += 1;
    const { hold } = entry;
    this.#extend(entry, taker);
    this.#watchLease(entry, { hold, taker });
    taker.deliver(this.#delivery(entry, { hold, taker }), entry.sentAt);
  }

  #delivery(entry: Entry<T>, held: { hold: number; taker: Taker<T> }): LossyDelivery<T> {
    const { hold, taker } = held;
    let isSettled = false;
    const settle = (then: () => void) => {
      if (isSettled || !taker.process.acts()) return;
      isSettled = true;
      // An acknowledgement travels too; late or lost, the message comes again.
      if (this.#dice.chance(this.#weather.lose)) return;
      const delayMs = this.#dice.below(Math.min(50, this.#weather.delayMs) + 1);
      this.#timeline.after(delayMs, `${this.#name} ${nameOf(entry)} settled`, then);
    };
    const takeOut = (then: () => void) =>
      settle(() => {
        this.#letGo(entry, held);
        this.#remove(entry);
        then();
      });
    return {
      message: structuredClone(entry.message),
      deliveries: entry.deliveries,
      ack: () => takeOut(() => undefined),
      takeOut,
      release: (delayMs = 0) =>
        settle(() => {
          if (this.#letGo(entry, held)) this.#offer(entry, delayMs);
        }),
      working: () => {
        if (taker.process.acts() && entry.hold === hold) this.#extend(entry, taker);
      },
      makeRoom: () => undefined,
    };
  }

  #extend(entry: Entry<T>, taker: Taker<T>): void {
    entry.leaseUntil = this.#timeline.now + taker.leaseMs;
  }

  #watchLease(entry: Entry<T>, held: { hold: number; taker: Taker<T> }): void {
    const left = Math.max(1, entry.leaseUntil - this.#timeline.now);
    this.#timeline.after(left, `${this.#name} ${nameOf(entry)} lease`, () => {
      // Of a message that is gone the place at least has to be given back.
      if (!entry.isHeld || entry.hold !== held.hold) return;
      if (entry.leaseUntil > this.#timeline.now) return this.#watchLease(entry, held);
      if (this.#letGo(entry, held)) this.#offer(entry);
    });
  }

  /** False when somebody else holds it by now. */
  #letGo(entry: Entry<T>, { hold, taker }: { hold: number; taker: Taker<T> }): boolean {
    if (entry.hold !== hold || !entry.isHeld) return false;
    entry.isHeld = false;
    taker.inFlight -= 1;
    this.#offerWaiting();
    return !entry.isGone;
  }

  /** Somebody has room again: for any of those that wait. */
  #offerWaiting(): void {
    const waiting = this.#waiting;
    while (waiting.length > 0) {
      const place = this.#dice.below(waiting.length);
      const chosen = waiting[place]!;
      waiting[place] = waiting.at(-1)!;
      waiting.pop();
      chosen.isWaiting = false;
      if (chosen.isGone) continue;
      this.#offer(chosen);
      return;
    }
  }

  #remove(entry: Entry<T>): void {
    entry.isGone = true;
    if (!this.#entries.delete(entry)) return;
    this.#count(entry, -1);
  }

  #count({ keys }: Entry<T>, by: number): void {
    for (const key of keys) this.#copies.set(key, (this.#copies.get(key) ?? 0) + by);
  }
}

function nameOf({ keys }: { readonly keys: readonly string[] }): string {
  return keys.join('+');
}
