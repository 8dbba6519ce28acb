import { Crew } from './crew.ts';
import type { Dice } from './dice.ts';
import type { Simulation } from './simulation.ts';

/** What a play meets with: it starts the processes and lets things go wrong until it is over. */
export interface Trouble {
  readonly isOver: boolean;
  readonly crashes: number;
  /** Of the process that one crash was planned for. */
  readonly operations: number;
  begin(): void;
}

/** Operations that a doomed process may still do. */
const LAST_OPERATIONS = 25;
const WORST_SKEW_MS = 3000;

/**
 * What goes wrong, and when: crashes before any operation, bad lines, a transport that loses and
 * doubles, clocks that jump ahead, locks that are lost.
 */
export class Storm implements Trouble {
  readonly #simulation: Simulation;
  readonly #dice: Dice;
  readonly #slowestMs: number;
  readonly #crashChance: number;
  readonly #crew: Crew;
  isOver = false;
  crashes = 0;
  readonly operations = 0;

  constructor(simulation: Simulation, slowestMs: number) {
    this.#simulation = simulation;
    this.#dice = simulation.dice.fork();
    this.#slowestMs = slowestMs;
    const rates = [0, 1 / 2000, 1 / 500, 1 / 100];
    this.#crashChance = simulation.planted.hasNoCrashes === true ? 0 : this.#dice.pick(rates);
    const worstSkewMs = this.#dice.pick([0, 0, WORST_SKEW_MS]);
    this.#crew = new Crew(simulation, { dice: this.#dice, worstSkewMs });
  }

  begin(): void {
    const { timeline, stormMs, transport } = this.#simulation;
    for (let count = this.#dice.between(1, 3); count > 0; count -= 1)
      this.#crew.start('controller');
    for (let count = this.#dice.between(1, 3); count > 0; count -= 1) this.#crew.start('runner');
    timeline.afterEach = () => this.#maybeCrash();
    timeline.after(stormMs, 'the storm ends', () => this.#end());
    this.#once(0.5, 'the transport loses all', () => {
      transport.vanish();
      this.#simulation.checker.parallel.isStrict = false;
    });
    this.#once(0.3, 'the clocks jump ahead', () => {
      timeline.jumpedMs += this.#dice.pick([5_000, 60_000, 3_600_000]);
    });
    this.#changeWeather();
  }

  #once(chance: number, label: string, action: () => void): void {
    const { timeline, stormMs } = this.#simulation;
    if (this.#dice.chance(chance)) timeline.after(this.#dice.below(stormMs), label, action);
  }

  #maybeCrash(): void {
    if (this.isOver || !this.#dice.chance(this.#crashChance)) return;
    const member = this.#dice.pick(this.#crew.members);
    const { stop, process } = member;
    const choice = this.#dice.next();
    if (stop !== null && choice < 0.1) {
      member.stop = null;
      // Stopped in order: it lets go of what it holds, then ends.
      void stop().then(() => this.#crew.replace(member));
    } else if (choice < 0.3) {
      this.crashes += 1;
      this.#crew.replace(member);
    } else if (process.isAlive) {
      this.#doom(member);
    }
  }

  /** It ends in the middle of what it does next, between any two awaits of it. */
  #doom(member: ReturnType<Crew['start']>): void {
    member.process.dieBefore(this.#dice.below(LAST_OPERATIONS), () => {
      this.crashes += 1;
      this.#crew.replace(member);
    });
  }

  #changeWeather(): void {
    if (this.isOver) return;
    const { timeline, lineWeather, transportWeather, transport, store } = this.#simulation;
    const dice = this.#dice;
    lineWeather.delayMs = dice.pick([2, 20, 20, 200, this.#slowestMs]);
    // Now and then the store or the transport is away altogether.
    lineWeather.failBefore = dice.pick([0, 0, 0.02, 0.2, 1]);
    lineWeather.failAfter = dice.pick([0, 0, 0.02, 0.2]);
    transportWeather.lose = dice.pick([0, 0.01, 0.1]);
    transportWeather.double = dice.pick([0, 0.05, 0.3]);
    transportWeather.delayMs = dice.pick([5, 100, 2000]);
    transport.presence.blindness = dice.pick([0, 0, 0.3, 0.7]);
    this.#simulation.isProbeHealthy = dice.chance(0.5);
    if (dice.chance(0.2)) store.dropLocks();
    timeline.after(dice.between(500, 10_000), 'the weather changes', () => this.#changeWeather());
  }

  #end(): void {
    this.isOver = true;
    const { lineWeather, transportWeather, transport } = this.#simulation;
    Object.assign(lineWeather, { delayMs: 5, failBefore: 0, failAfter: 0 });
    Object.assign(transportWeather, { lose: 0, double: 0, delayMs: 5 });
    transport.presence.blindness = 0;
    this.#simulation.isProbeHealthy = true;
  }
}
