import { afterEach, beforeEach, describe } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import type { Given } from './given.ts';
import { reportContract } from './report-contract.ts';
import { sideContract } from './side-contract.ts';
import { taskContract } from './task-contract.ts';

/** How a test gets at an adapter. */
export interface BusFixture {
  /** Another process's view of the same transport; the very same bus when there is but one. */
  connect(): Promise<Bus>;
  close(): Promise<void>;
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
