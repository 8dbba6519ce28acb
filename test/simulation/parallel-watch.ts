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

  constructor(shadows: ReadonlyMap<string, Shadow>, broken: (message: string) => void) {
    this.#shadows = shadows;
    this.#broken = broken;
  }

  began(task: Task, process: SimulatedProcess): void {
    const limit = this.#limitOf(task);
    if (limit === null) return;
    const works = this.#worksOf(task);
    works.add({ task, process });
    this.counts.starts += 1;
    const items = new Set([...works].filter((work) => this.#counts(work)).map(itemOf));
    if (items.size <= limit) return;
    this.counts.exceeded += 1;
    if (!this.isStrict) return;
    this.#broken(
      `${task.id}: one of ${items.size} items at once (${[...items].join(' ')}) of ${limit}`,
    );
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
}

function itemOf({ task }: Work): number {
  return task.item;
}
