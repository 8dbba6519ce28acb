import type { Dice } from './dice.ts';
import type { Timeline } from './fake-clock.ts';

/**
 * One operating-system process of the simulation. Crashed, nothing of it goes on.
 *
 * Others notice a process only by what it asks of its ports: calls, acknowledgements, signals. What
 * its code does in between, over however many awaits, dies with it unseen. So a crash at any await
 * (and between any two lines) is a crash before one of these operations, and `dieBefore` reaches
 * every one of them; what was asked just before may be on its way still, or lost.
 */
export class SimulatedProcess {
  readonly name: string;
  isAlive = true;
  /** How wrong its machine's clock is, ms. */
  readonly skewMs: number;
  /** Operations so far. */
  operations = 0;
  #last = Infinity;
  #died: () => void = () => undefined;

  constructor(name: string, skewMs = 0) {
    this.name = name;
    this.skewMs = skewMs;
  }

  crash(): void {
    this.isAlive = false;
  }

  /** Dies instead of doing its `count`-th operation from now, 0 being the next. */
  dieBefore(count: number, died: () => void): void {
    this.#last = this.operations + count;
    this.#died = died;
  }

  /** Counts an operation that is about to be done; false when the process is no more. */
  acts(): boolean {
    if (this.isAlive && this.operations >= this.#last) {
      this.crash();
      this.#died();
    }
    if (this.isAlive) this.operations += 1;
    return this.isAlive;
  }
}

/** How a line to a server behaves; the simulation changes it as it goes. */
export interface LineWeather {
  /** Longest time for one way, ms. */
  delayMs: number;
  /** Part of the calls that fail before they have an effect, and after. */
  failBefore: number;
  failAfter: number;
}

/** Calls from one process to a server: they take time, fail, and may have worked although they failed. */
export class Line {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #weather: LineWeather;
  readonly #process: SimulatedProcess;

  constructor(parts: {
    timeline: Timeline;
    dice: Dice;
    weather: LineWeather;
    process: SimulatedProcess;
  }) {
    this.#timeline = parts.timeline;
    this.#dice = parts.dice;
    this.#weather = parts.weather;
    this.#process = parts.process;
  }

  /** Whether the server still sees this process: what it holds there is let go otherwise. */
  get isOpen(): boolean {
    return this.#process.isAlive;
  }

  /** `work` runs on the server, at one moment. */
  call<T>(label: string, work: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#process.acts()) return;
      const name = `${this.#process.name} ${label}`;
      this.#later(name, () => {
        // What a crashed process had sent may still arrive.
        if (!this.#process.isAlive && this.#dice.chance(0.5)) return;
        if (this.#dice.chance(this.#weather.failBefore)) {
          return this.#answer(name, () => reject(new Error(`${label}: the line broke`)));
        }
        const answer = attempt(work);
        if (this.#dice.chance(this.#weather.failAfter)) {
          return this.#answer(name, () => reject(new Error(`${label}: the answer was lost`)));
        }
        this.#answer(name, () => {
          if (answer.ok) resolve(answer.value);
          else reject(answer.error);
        });
      });
    });
  }

  #answer(name: string, deliver: () => void): void {
    this.#later(`${name} answered`, () => {
      if (this.#process.isAlive) deliver();
    });
  }

  #later(label: string, action: () => void): void {
    this.#timeline.after(this.#dice.below(this.#weather.delayMs + 1), label, action);
  }
}

type Attempted<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown };

function attempt<T>(work: () => T): Attempted<T> {
  try {
    return { ok: true, value: work() };
  } catch (error) {
    return { ok: false, error };
  }
}
