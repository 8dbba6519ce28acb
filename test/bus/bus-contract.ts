import { afterEach, beforeEach, describe } from 'vitest';
import type { BlobStore, Bus } from '../../src/bus/bus.ts';
import { digestOf } from '../../src/bus/subjects.ts';
import { reportContract } from './report-contract.ts';
import { sideContract } from './side-contract.ts';
import { taskContract } from './task-contract.ts';

/** How a test gets at an adapter. */
export interface BusFixture {
  /** Another process's view of the same transport; the very same bus when there is but one. */
  connect(): Promise<Bus>;
  close(): Promise<void>;
}

/** What the tests of one contract share: a fresh transport for each of them. */
export interface Given {
  /** The process of a controller. */
  readonly bus: Bus;
  /** The process of a runner. */
  readonly other: Bus;
  connect(): Promise<Bus>;
}

/** Everything that the port promises; each adapter passes it whole. */
export function busContract(name: string, open: () => Promise<BusFixture>): void {
  describe(`${name} bus`, () => {
    let fixture: BusFixture;
    const given: { -readonly [K in keyof Given]: Given[K] } = Object.create(null);

    beforeEach(async () => {
      fixture = await open();
      given.bus = await fixture.connect();
      given.other = await fixture.connect();
      given.connect = () => fixture.connect();
    });

    afterEach(async () => {
      await fixture.close();
    });

    taskContract(given);
    reportContract(given);
    sideContract(given);
  });
}

/** A blob store in memory. */
export function memoryBlobs(): BlobStore & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    get: (digest) => Promise.resolve(kept.get(digest) ?? null),
    put: (bytes) => {
      const digest = digestOf(bytes);
      kept.set(digest, bytes.slice());
      return Promise.resolve(digest);
    },
  };
}
