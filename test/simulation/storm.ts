import type { Dice } from './dice.ts';
import type { Simulation } from './simulation.ts';
import { SimulatedProcess } from './simulated-process.ts';

type Role = 'controller' | 'runner';

interface Member {
  readonly role: Role;
  readonly process: SimulatedProcess;
  stop: (() => Promise<void>) | null;
}

/** What goes wrong, and when: crashes after any event, bad lines, a transport that loses and doubles. */
export class Storm {
  readonly #simulation: Simulation;
  readonly #dice: Dice;
  readonly #slowestMs: number;
  readonly #crashChance: number;
  readonly #members = new Set<Member>();
  #born = 0;
  isOver = false;
  crashes = 0;

  constructor(simulation: Simulation, slowestMs: number) {
    this.#simulation = simulation;
    this.#dice = simulation.dice.fork();
    this.#slowestMs = slowestMs;
    this.#crashChance = this.#dice.pick([0, 1 / 2000, 1 / 500, 1 / 100]);
  }

  begin(): void {
    const { timeline, stormMs } = this.#simulation;
    for (let count = this.#dice.between(1, 3); count > 0; count -= 1) this.#start('controller');
    for (let count = this.#dice.between(1, 3); count > 0; count -= 1) this.#start('runner');
    timeline.afterEach = () => this.#maybeCrash();
    timeline.after(stormMs, 'the storm ends', () => this.#end());
    if (this.#dice.chance(0.5)) {
      const atMs = this.#dice.below(stormMs);
      timeline.after(atMs, 'the transport loses all', () => this.#simulation.transport.vanish());
    }
    this.#changeWeather();
  }

  #start(role: Role): void {
    this.#born += 1;
    const process = new SimulatedProcess(`${role}-${this.#born}`);
    const member: Member = { role, process, stop: null };
    this.#members.add(member);
    const { timeline } = this.#simulation;
    timeline.note(`${process.name} starts`);
    // A process that cannot start ends, and somebody starts another one.
    this.#startRole(member).catch(() => this.#replace(member));
  }

  async #startRole(member: Member): Promise<void> {
    if (member.role === 'runner') return await this.#simulation.startRunner(member.process);
    const controller = await this.#simulation.startController(member.process);
    member.stop = () => controller.stop();
  }

  #maybeCrash(): void {
    if (this.isOver || !this.#dice.chance(this.#crashChance)) return;
    const member = this.#dice.pick([...this.#members]);
    const { stop } = member;
    if (stop !== null && this.#dice.chance(0.1)) {
      member.stop = null;
      // Stopped in order: it lets go of what it holds, then ends.
      void stop().then(() => this.#replace(member));
    } else {
      this.crashes += 1;
      this.#replace(member);
    }
  }

  #replace(member: Member): void {
    if (!this.#members.delete(member)) return;
    member.process.crash();
    const { timeline } = this.#simulation;
    timeline.note(`${member.process.name} ends`);
    // At least one of each role is there or on its way.
    this.#members.add(member);
    timeline.after(this.#dice.below(8000), `another ${member.role}`, () => {
      this.#members.delete(member);
      this.#start(member.role);
    });
  }

  #changeWeather(): void {
    if (this.isOver) return;
    const { timeline, lineWeather, transportWeather } = this.#simulation;
    const dice = this.#dice;
    lineWeather.delayMs = dice.pick([2, 20, 20, 200, this.#slowestMs]);
    // Now and then the store or the transport is away altogether.
    lineWeather.failBefore = dice.pick([0, 0, 0.02, 0.2, 1]);
    lineWeather.failAfter = dice.pick([0, 0, 0.02, 0.2]);
    transportWeather.lose = dice.pick([0, 0.01, 0.1]);
    transportWeather.double = dice.pick([0, 0.05, 0.3]);
    transportWeather.delayMs = dice.pick([5, 100, 2000]);
    this.#simulation.isProbeHealthy = dice.chance(0.5);
    timeline.after(dice.between(500, 10_000), 'the weather changes', () => this.#changeWeather());
  }

  #end(): void {
    this.isOver = true;
    const { lineWeather, transportWeather } = this.#simulation;
    Object.assign(lineWeather, { delayMs: 5, failBefore: 0, failAfter: 0 });
    Object.assign(transportWeather, { lose: 0, double: 0, delayMs: 5 });
    this.#simulation.isProbeHealthy = true;
  }
}
