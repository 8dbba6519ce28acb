import { Worker } from 'node:worker_threads';
import type { Share, Told } from './worker.ts';

export interface VolleyOptions {
  readonly seed: number;
  /** Numbers of the inputs: from this one … */
  readonly from: number;
  /** … up to this one, which is left out. */
  readonly to: number;
  /** A folder of texts with more examples; null is none. */
  readonly seeds: string | null;
}

export interface Fault {
  readonly index: number;
  readonly label: string;
  readonly fault: string;
}

/** Processor time after which an input that is still under way counts as a hang. */
const HANG_MS = 5000;
const LOOK_MS = 250;
const ENOUGH = 50;

/**
 * Makes and reads so many spoilt manifests in a thread of its own: a loop without an end is a fault
 * with a number, and the thread is ended and another goes on behind it.
 */
export async function fireManifests(options: VolleyOptions): Promise<readonly Fault[]> {
  const faults: Fault[] = [];
  let from = options.from;
  while (from < options.to && faults.length < ENOUGH)
    from = await runThread({ ...options, from }, faults);
  return faults;
}

/** Where the next thread has to go on. */
async function runThread(options: VolleyOptions, faults: Fault[]): Promise<number> {
  const progress = new SharedArrayBuffer(4);
  const now = new Int32Array(progress);
  Atomics.store(now, 0, options.from - 1);
  const worker = new Worker(new URL('worker.ts', import.meta.url), {
    workerData: { ...options, progress } satisfies Share,
  });
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const watch = setInterval(() => void look(), LOOK_MS);
  let seen = { index: options.from - 1, spentMs: 0 };
  const look = async (): Promise<void> => {
    // A thread that has just ended has no clock any more; its last message or its end tells the rest.
    const usage = await worker.cpuUsage().catch(() => null);
    if (usage === null) return;
    const { user, system } = usage;
    const spentMs = (user + system) / 1000;
    const index = Atomics.load(now, 0);
    if (index !== seen.index) seen = { index, spentMs };
    if (index < options.from || spentMs - seen.spentMs < HANG_MS) return;
    faults.push({
      index,
      label: '',
      fault: `hung: still read after ${HANG_MS} ms of processor time`,
    });
    resolve(index + 1);
  };
  worker.on('message', (told: Told) => {
    if (told.kind === 'done') resolve(options.to);
    else faults.push(told);
    if (faults.length >= ENOUGH) resolve(options.to);
  });
  worker.on('error', (error) => {
    const index = Atomics.load(now, 0);
    faults.push({ index, label: '', fault: `the thread died: ${String(error)}` });
    resolve(index + 1);
  });
  worker.on('exit', () => reject(new Error('the thread ended by itself')));
  return promise.finally(() => {
    clearInterval(watch);
    return worker.terminate();
  });
}
