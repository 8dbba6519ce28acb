import { isSettled } from '../../src/engine/state.ts';
import { type Task, NO_ITEM } from '../../src/task/task.ts';
import type { Shadow } from './checker.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** Sees to it that no fan-out has more items under way at once than its `maxParallel`. */
export class ParallelWatch {
  /** Off once the transport has lost all: nobody can know any more what is under way. */
  isStrict = true;
  /** Item starts of limited fan-outs, and those above the limit. */
  readonly counts = { starts: 0, exceeded: 0 };
  readonly #shadows: ReadonlyMap<string, Shadow>;
  readonly #broken: (message: string) => void;
  /** By run and step: who works on which task. */
  readonly #working = new Map<string, Set<Work>>();

  readonly #slackMs: number;

  constructor(parts: {
    shadows: ReadonlyMap<string, Shadow>;
    slackMs: number;
    broken: (message: string) => void;
  }) {
    this.#shadows = parts.shadows;
    this.#slackMs = parts.slackMs;
    this.#broken = parts.broken;
  }

  began(task: Task, by: { process: SimulatedProcess; sentAt: number }): void {
    const limit = this.#limitOf(task);
    if (limit === null) return;
    const works = this.#worksOf(task);
    works.add({ task, ...by });
    this.counts.starts += 1;
    const counted = [...works].filter((work) => this.#counts(work));
    const items = new Set(counted.map(itemOf));
    if (items.size <= limit) return;
    this.counts.exceeded += 1;
    if (!this.isStrict || this.#haveRaced(counted)) return;
    const names = [...items].join(' ');
    this.#broken(`${task.id}: one of ${items.size} items at once (${names}) of ${limit}`);
  }

  /**
   * What one controller has recorded and not sent yet no other can know: two that follow each other
   * so closely may fill a place twice (docs/decisions/0007).
   */
  #haveRaced(works: readonly Work[]): boolean {
    const [last = 0, before = 0] = works.map(({ sentAt }) => sentAt).toSorted((a, b) => b - a);
    return last - before <= this.#slackMs;
  }

  ended(task: Task, process: SimulatedProcess): void {
    const works = this.#worksOf(task);
    for (const work of works) {
      if (work.task.id === task.id && work.process === process) works.delete(work);
    }
  }

  #worksOf({ runId, step }: Task): Set<Work> {
    const key = `${runId}.${step}`;
    const works = this.#working.get(key) ?? new Set();
    this.#working.set(key, works);
    return works;
  }

  #limitOf({ runId, step, item }: Task): number | null {
    if (item === NO_ITEM) return null;
    return this.#shadows.get(runId)?.program.steps[step]?.definition.maxParallel ?? null;
  }

  /** An attempt that a crash ended, or that nobody waits for any more, takes no place. */
  #counts({ task, process }: Work): boolean {
    const step = this.#shadows.get(task.runId)?.state.steps[task.step];
    if (!process.isAlive || step === undefined || isSettled(step)) return false;
    const concluded = step.fan?.items[task.item]?.attempt ?? step.fanBase;
    return step.fan !== null && concluded + 1 === task.attempt;
  }
}

interface Work {
  readonly task: Task;
  readonly process: SimulatedProcess;
  readonly sentAt: number;
}

function itemOf({ task }: Work): number {
  return task.item;
}
