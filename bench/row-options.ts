import type { RemoteOptions } from './remote.ts';

export interface RowOptions {
  /** Several are compared: each round measures all of them, one after the other. */
  readonly systems: ReadonlyMap<string, RemoteOptions>;
  readonly rounds: number;
  readonly isQuick: boolean;
  /** Of the soak; by default those of two hours. */
  readonly steps?: number;
}

/** Today's system, for a row that compares none. */
export function onlySystem({ systems }: RowOptions): RemoteOptions {
  const [system] = systems.values();
  if (system === undefined) throw new Error('no system to measure');
  return system;
}
