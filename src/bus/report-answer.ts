import type { Msg } from '@nats-io/transport-node';

/** The checkpoints of a report that are not recorded, by their places in it. */
export type Refused = readonly number[] | 'all';

/** Empty when all are recorded, which is nearly every time. */
export function writeRefused(refused: Refused): string {
  return refused.length === 0 ? '' : JSON.stringify(refused);
}

/** Throws when it is no answer to a report. */
export function readRefused(msg: Msg): Refused {
  if (msg.data.byteLength === 0) return [];
  const refused = msg.json<unknown>();
  if (refused === 'all') return refused;
  if (Array.isArray(refused) && refused.every(Number.isSafeInteger)) return refused;
  throw new Error('expected the places of checkpoints in a report, or "all"');
}
