import type { BlobStore, Consumer } from '../../src/bus/bus.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './fake-clock.ts';
import type { SimulatedProcess } from './simulated-process.ts';

interface Server {
  readonly process: SimulatedProcess;
  readonly store: BlobStore;
}

const ANSWER_MS = 3000;

/** The processes that serve blobs to those without a database. */
export class BlobServers {
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  #servers: Server[] = [];

  constructor(parts: { timeline: Timeline; dice: Dice }) {
    this.#timeline = parts.timeline;
    this.#dice = parts.dice;
  }

  add(process: SimulatedProcess, store: BlobStore): Consumer {
    const server = { process, store };
    this.#servers.push(server);
    const stop = (): Promise<void> => {
      this.#servers = this.#servers.filter((each) => each !== server);
      return Promise.resolve();
    };
    return { stop };
  }

  /** Asks one of them; rejects when there is none, and when it does not answer. */
  ask<T>(work: (store: BlobStore) => Promise<T>): Promise<T> {
    this.#servers = this.#servers.filter(({ process }) => process.isAlive);
    if (this.#servers.length === 0) return Promise.reject(new Error('nobody serves blobs'));
    const { store } = this.#dice.pick(this.#servers);
    return new Promise((resolve, reject) => {
      work(store).then(resolve, reject);
      this.#timeline.after(ANSWER_MS, 'blobs are not waited for any more', () => {
        reject(new Error('the server of blobs did not answer'));
      });
    });
  }
}
