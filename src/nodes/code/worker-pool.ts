import { availableParallelism } from 'node:os';
import type { Language } from './call.ts';
import { WorkerProcess } from './worker-process.ts';

interface Waiter {
  readonly language: Language;
  readonly namespace: string;
  take(worker: WorkerProcess): void;
}

/** The most processes of one language at a time. */
const WORKERS_MAX = Math.max(2, availableParallelism());

/** Keeps sandbox processes warm and hands each to one call at a time. */
export class WorkerPool {
  #workers = new Set<WorkerProcess>();
  #idle = new Set<WorkerProcess>();
  #waiting: Waiter[] = [];

  /** A worker of its own for this namespace's next call; give it back with `release`. */
  acquire(language: Language, namespace: string, signal: AbortSignal): Promise<WorkerProcess> {
    const worker = this.#obtain(language, namespace);
    if (worker !== undefined) return Promise.resolve(worker);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        this.#waiting = this.#waiting.filter((other) => other !== waiter);
        reject(new Error('the attempt was stopped while it waited for a sandbox'));
      };
      const take = (taken: WorkerProcess): void => {
        signal.removeEventListener('abort', leave);
        resolve(taken);
      };
      const waiter: Waiter = { language, namespace, take };
      signal.addEventListener('abort', leave, { once: true });
      this.#waiting.push(waiter);
    });
  }

  /** Takes a worker back; one that is spent is replaced when somebody needs it. */
  release(worker: WorkerProcess): void {
    if (worker.spent) this.#drop(worker);
    else this.#idle.add(worker);
    this.#serveWaiting();
  }

  #serveWaiting(): void {
    for (const waiter of this.#waiting) {
      const next = this.#obtain(waiter.language, waiter.namespace);
      if (next === undefined) continue;
      this.#waiting = this.#waiting.filter((other) => other !== waiter);
      waiter.take(next);
    }
  }

  /** Has one process of a language ready for a namespace before the first call needs it. */
  async warm(language: Language, namespace: string): Promise<void> {
    const worker = this.#obtain(language, namespace);
    if (worker === undefined) return;
    await worker.ready;
    this.release(worker);
  }

  /** Ends all processes. */
  close(): void {
    for (const worker of this.#workers) this.#drop(worker);
  }

  /** An idle worker of the namespace, a new one, or one in the place of another namespace's. */
  #obtain(language: Language, namespace: string): WorkerProcess | undefined {
    for (const worker of this.#idle) if (worker.spent) this.#drop(worker);
    const idle = [...this.#idle].filter((worker) => worker.language === language);
    const own = idle.find((worker) => worker.namespace === namespace);
    if (own !== undefined) {
      this.#idle.delete(own);
      return own;
    }
    const count = [...this.#workers].filter((worker) => worker.language === language).length;
    const [foreign] = idle;
    if (count >= WORKERS_MAX && foreign !== undefined) this.#drop(foreign);
    else if (count >= WORKERS_MAX) return undefined;
    const worker = new WorkerProcess(language, namespace);
    this.#workers.add(worker);
    return worker;
  }

  #drop(worker: WorkerProcess): void {
    this.#idle.delete(worker);
    this.#workers.delete(worker);
    worker.kill('the sandbox is replaced');
  }
}
