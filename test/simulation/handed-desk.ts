import type { TaskRef } from '../../src/bus/bus.ts';
import type { Holding } from '../../src/bus/holding.ts';
import { OpenOffers } from '../../src/bus/open-offers.ts';
import type { TaskId } from '../../src/task/task.ts';
import type { Timeline } from './fake-clock.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** Of src/bus/handed-tasks.ts, ms. */
const LEASE_MS = 3500;
const SWEEP_MS = 500;
const ACQUAINTED_MS = 1250;

interface Lease {
  readonly runId: string;
  heardAt: number;
}

interface Taker {
  readonly heardAt: number;
  readonly tasks: ReadonlySet<TaskId>;
}

export interface HandedDeskParts {
  readonly process: SimulatedProcess;
  readonly timeline: Timeline;
  readonly isOurs: (runId: string) => boolean;
  readonly recheck: (runId: string) => void;
  /** A planted fault: it never notices that a runner is gone. */
  readonly believesForEver: boolean;
}

/** What one controller knows of tasks that went straight to runners, as in src/bus/handed-tasks.ts. */
export class HandedDesk {
  readonly process: SimulatedProcess;
  readonly offers = new OpenOffers();
  readonly #parts: HandedDeskParts;
  readonly #timeline: Timeline;
  readonly #leaseMs: number;
  readonly #since: number;
  readonly #leases = new Map<TaskId, Lease>();
  readonly #takers = new Map<string, Taker>();

  constructor(parts: HandedDeskParts) {
    this.#parts = parts;
    this.process = parts.process;
    this.#timeline = parts.timeline;
    this.#since = parts.timeline.now;
    this.#leaseMs = parts.believesForEver ? Infinity : LEASE_MS;
  }

  /** The runners that it believes alive. */
  get takers(): string[] {
    return [...this.#takers].flatMap(([taker, { heardAt }]) =>
      this.#isFresh(heardAt) ? [taker] : [],
    );
  }

  has(id: TaskId): boolean {
    const lease = this.#leases.get(id);
    return lease !== undefined && this.#isFresh(lease.heardAt);
  }

  /** It is with a runner, as of now. */
  lease(id: TaskId, runId: string): void {
    const lease: Lease = { runId, heardAt: this.#timeline.now };
    this.#leases.set(id, lease);
    if (!this.#parts.believesForEver) this.#watch(id, lease);
  }

  ended(id: TaskId): void {
    this.#leases.delete(id);
  }

  /** Told twice of a task of its own, it takes a lease of it, whoever handed it over. */
  hear({ taker, tasks, isLeaving }: Holding): void {
    if (isLeaving) {
      this.#takers.delete(taker);
      return;
    }
    const before = this.#takers.get(taker)?.tasks;
    for (const id of tasks) {
      const lease = this.#leases.get(id);
      const [runId = ''] = id.split('.', 1);
      if (lease !== undefined) lease.heardAt = this.#timeline.now;
      else if (before?.has(id) === true && this.#parts.isOurs(runId)) this.lease(id, runId);
    }
    this.#takers.set(taker, { heardAt: this.#timeline.now, tasks: new Set(tasks) });
  }

  /** Which of these the runners have that answered. */
  found(refs: readonly TaskRef[], answers: readonly Holding[]): ReadonlySet<TaskId> {
    const held = new Set(answers.flatMap(({ tasks }) => tasks));
    const found = refs.filter(({ id }) => held.has(id));
    for (const { id, runId } of found) this.lease(id, runId);
    return new Set(found.map(({ id }) => id));
  }

  /** Resolves when every runner can have been heard. */
  acquainted(): Promise<void> {
    const leftMs = this.#since + ACQUAINTED_MS - this.#timeline.now;
    if (leftMs <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#timeline.after(leftMs, `${this.process.name} knows the runners`, () => {
        if (this.process.isAlive) resolve();
      });
    });
  }

  #isFresh(heardAt: number): boolean {
    return this.#timeline.now - heardAt < this.#leaseMs;
  }

  /** Until it lapses, ends, or is another one's. */
  #watch(id: TaskId, lease: Lease): void {
    const leftMs = lease.heardAt + this.#leaseMs + SWEEP_MS - this.#timeline.now;
    this.#timeline.after(leftMs, `${this.process.name} lease of ${id}`, () => {
      if (!this.process.isAlive || this.#leases.get(id) !== lease) return;
      if (this.#isFresh(lease.heardAt)) return this.#watch(id, lease);
      this.#leases.delete(id);
      if (this.#parts.isOurs(lease.runId)) this.#parts.recheck(lease.runId);
    });
  }
}
