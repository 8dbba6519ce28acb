import type { Clock } from '../../src/controller/ports.ts';
import type { Dice } from './dice.ts';
import type { SimulatedProcess } from './simulated-process.ts';

interface Event {
  readonly at: number;
  /** Among events of one moment the dice decide. */
  readonly rank: number;
  readonly label: string;
  readonly action: () => void;
}

/**
 * Simulated time and the only scheduler there is. Whatever takes time is an event here; one event
 * runs at a time, and all that follows from it without waiting runs before the next one.
 */
export class Timeline {
  readonly #dice: Dice;
  readonly #events: Event[] = [];
  /** Time that only goes on, as timers measure it. */
  now: number;
  /** How far the clocks on the wall have jumped ahead of it, ms. */
  jumpedMs = 0;
  /** Events run so far. */
  count = 0;
  /** Hash of all that happened, in order: equal only for equal histories. */
  trace = 0x811c9dc5;
  /** Called after each event; crashes happen here. */
  afterEach: () => void = () => undefined;

  constructor(start: number, dice: Dice) {
    this.now = start;
    this.#dice = dice;
  }

  after(delayMs: number, label: string, action: () => void): void {
    const at = this.now + Math.max(0, delayMs);
    this.#push({ at, rank: this.#dice.next(), label, action });
  }

  /** Runs events until `isDone`, or nothing is left; false when `untilMs` or `maxEvents` came first. */
  async run(
    isDone: () => boolean,
    limits: { untilMs: number; maxEvents: number },
  ): Promise<boolean> {
    const last = this.count + limits.maxEvents;
    while (!isDone()) {
      const event = this.#pop();
      if (event === undefined) return isDone();
      if (event.at > limits.untilMs || this.count >= last) return false;
      this.now = event.at;
      this.count += 1;
      this.note(event.label);
      event.action();
      await settled();
      this.afterEach();
    }
    return true;
  }

  /** Adds to the trace. */
  note(label: string): void {
    let hash = this.trace ^ this.now;
    for (let i = 0; i < label.length; i += 1)
      hash = Math.imul(hash ^ label.charCodeAt(i), 0x01000193);
    this.trace = hash >>> 0;
  }

  #push(event: Event): void {
    const heap = this.#events;
    let place = heap.length;
    heap.push(event);
    while (place > 0) {
      const parent = (place - 1) >> 1;
      const above = heap[parent]!;
      if (isBefore(above, event)) break;
      heap[place] = above;
      place = parent;
    }
    heap[place] = event;
  }

  #pop(): Event | undefined {
    const heap = this.#events;
    const first = heap[0];
    const moved = heap.pop();
    if (moved === undefined || heap.length === 0) return first;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (isBefore(moved, heap[child]!)) break;
      heap[place] = heap[child]!;
      place = child;
    }
    heap[place] = moved;
    return first;
  }
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.rank <= b.rank);
}

/** Lets every promise that can go on do so: macrotasks come after all microtasks. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The clock as one process sees it. Who has crashed never wakes. */
export class FakeClock implements Clock {
  readonly #timeline: Timeline;
  readonly #process: SimulatedProcess;

  constructor(timeline: Timeline, process: SimulatedProcess) {
    this.#timeline = timeline;
    this.#process = process;
  }

  now(): number {
    return this.#timeline.now + this.#timeline.jumpedMs + this.#process.skewMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted === true) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = () => {
        signal?.removeEventListener('abort', wake);
        if (this.#process.isAlive) resolve();
      };
      signal?.addEventListener('abort', wake, { once: true });
      this.#timeline.after(ms, `${this.#process.name} wakes`, wake);
    });
  }
}
