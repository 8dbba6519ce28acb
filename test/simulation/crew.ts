import type { Dice } from './dice.ts';
import { SimulatedProcess } from './simulated-process.ts';
import type { Simulation } from './simulation.ts';

export type Role = 'controller' | 'runner';

export interface Member {
  readonly role: Role;
  readonly process: SimulatedProcess;
  /** Ends it in order; null while it starts. */
  stop: (() => Promise<void>) | null;
}

/** The processes of the system, each replaced after a while when it ends: somebody sees to that. */
export class Crew {
  readonly #simulation: Simulation;
  readonly #dice: Dice;
  readonly #members = new Set<Member>();
  readonly #worstSkewMs: number;
  #born = 0;

  constructor(simulation: Simulation, parts: { dice: Dice; worstSkewMs: number }) {
    this.#simulation = simulation;
    this.#dice = parts.dice;
    this.#worstSkewMs = parts.worstSkewMs;
  }

  /** Those that run and those that are about to. */
  get members(): readonly Member[] {
    return [...this.#members];
  }

  start(role: Role): Member {
    this.#born += 1;
    const skewMs = this.#dice.below(2 * this.#worstSkewMs + 1) - this.#worstSkewMs;
    const process = new SimulatedProcess(`${role}-${this.#born}`, skewMs);
    const member: Member = { role, process, stop: null };
    this.#members.add(member);
    this.#simulation.timeline.note(`${process.name} starts`);
    // A process that cannot start ends, and somebody starts another one.
    this.#startRole(member).catch(() => this.replace(member));
    return member;
  }

  async #startRole(member: Member): Promise<void> {
    if (member.role === 'runner') return await this.#simulation.startRunner(member.process);
    const controller = await this.#simulation.startController(member.process);
    member.stop = () => controller.stop();
  }

  /** It is no more; another one comes. */
  replace(member: Member, withinMs = 8000): void {
    if (!this.#members.delete(member)) return;
    member.process.crash();
    const { timeline } = this.#simulation;
    timeline.note(`${member.process.name} ends`);
    // At least one of each role is there or on its way.
    this.#members.add(member);
    timeline.after(this.#dice.below(withinMs), `another ${member.role}`, () => {
      this.#members.delete(member);
      this.start(member.role);
    });
  }
}
