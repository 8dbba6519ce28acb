import { hash32 } from '../../src/engine/hash.ts';
import type { Timeline } from './fake-clock.ts';
import type { SimulatedProcess } from './simulated-process.ts';

/** A process that takes checkpoints, and a share of the runs with them. */
export interface Recorder<T> {
  readonly process: SimulatedProcess;
  readonly joinedAt: number;
  readonly take: T;
  /** When somebody first could notice that it is gone. */
  goneAt: number;
}

/** How long the others believe in one that died, and how long news of one takes, ms. */
const GONE_MS = 3500;
const NEWS_MS = 1000;
const GLANCE_MS = 2000;

/**
 * Who takes checkpoints, as each process believes: late, wrong and differently from the others, as
 * in src/bus/presence.ts. A run belongs to the recorder that ranks it highest.
 */
export class SimulatedPresence<T> {
  /** Part of the recorders that somebody does not see for a while. */
  blindness = 0;
  readonly #timeline: Timeline;
  readonly #forgotten = new Map<string, number>();
  #recorders: Recorder<T>[] = [];

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  join(process: SimulatedProcess, take: T): () => void {
    const recorder = { process, joinedAt: this.#timeline.now, take, goneAt: Infinity };
    this.#recorders.push(recorder);
    return () => {
      this.#recorders = this.#recorders.filter((each) => each !== recorder);
    };
  }

  recorderOf(viewer: SimulatedProcess, runId: string): Recorder<T> | null {
    let best: Recorder<T> | null = null;
    let bestRank = -1;
    for (const each of this.#recorders) {
      if (!this.#isSeen(viewer, each)) continue;
      const rank = hash32(runId, hash32(each.process.name));
      if (rank > bestRank) [best, bestRank] = [each, rank];
    }
    return best;
  }

  isOurs(viewer: SimulatedProcess, runId: string): boolean {
    return this.recorderOf(viewer, runId)?.process === viewer;
  }

  /** It did not answer: as good as gone, until it is heard again. */
  forget(viewer: SimulatedProcess, recorder: Recorder<T>): void {
    this.#forgotten.set(pairOf(viewer, recorder), this.#timeline.now + NEWS_MS);
  }

  #isSeen(viewer: SimulatedProcess, recorder: Recorder<T>): boolean {
    const { process, joinedAt } = recorder;
    if (process === viewer) return true;
    const { now } = this.#timeline;
    if (!process.isAlive) recorder.goneAt = Math.min(recorder.goneAt, now);
    const pair = pairOf(viewer, recorder);
    if (now < joinedAt + (hash32(pair) % NEWS_MS) || now > recorder.goneAt + GONE_MS) return false;
    if (now < (this.#forgotten.get(pair) ?? 0)) return false;
    const glance = hash32(`${pair} ${Math.floor(now / GLANCE_MS)}`) / 2 ** 32;
    return glance >= this.blindness;
  }
}

function pairOf(viewer: SimulatedProcess, { process }: Recorder<unknown>): string {
  return `${viewer.name} ${process.name}`;
}
