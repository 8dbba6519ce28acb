import { Crew, type Role } from './crew.ts';
import type { Simulation } from './simulation.ts';
import type { Trouble } from './storm.ts';

/** Which operation of the first process of a role is not done any more. */
export interface CrashPoint {
  readonly role: Role;
  /** 0 is its first operation; Infinity lets it live. */
  readonly operation: number;
}

/** All is well, but that one process dies at one moment. */
export class SingleCrash implements Trouble {
  readonly isOver = true;
  crashes = 0;
  readonly #simulation: Simulation;
  readonly #point: CrashPoint;
  #operations: () => number = () => 0;

  constructor(simulation: Simulation, point: CrashPoint) {
    this.#simulation = simulation;
    this.#point = point;
  }

  begin(): void {
    const crew = new Crew(this.#simulation, { dice: this.#simulation.dice.fork(), worstSkewMs: 0 });
    const { role, operation } = this.#point;
    for (const each of ['controller', 'runner'] as const) {
      const member = crew.start(each);
      if (each !== role) continue;
      const before = member.process.operations;
      this.#operations = () => member.process.operations - before;
      member.process.dieBefore(operation, () => {
        this.crashes += 1;
        crew.replace(member, 2000);
      });
    }
  }

  /** How many operations the process did. */
  get operations(): number {
    return this.#operations();
  }
}
