import type { Bus } from '../../src/bus/bus.ts';

/** What the tests of one contract share: a fresh transport for each of them. */
export interface Given {
  /** The process of a controller. */
  readonly bus: Bus;
  /** The process of a runner. */
  readonly other: Bus;
  connect(): Promise<Bus>;
}
