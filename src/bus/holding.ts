import type { Msg } from '@nats-io/transport-node';
import type { TaskId } from '../task/task.ts';

/** What a taker says of itself each second, and to whoever asks. */
export interface Holding {
  readonly taker: string;
  /** All handed tasks that it has not settled. */
  readonly tasks: readonly TaskId[];
  /** It takes no more and holds no more: the last word. */
  readonly isLeaving: boolean;
}

/** What a taker offers to the controller that it reports to. */
export interface Offer {
  readonly taker: string;
  /** Tasks that it has a slot for. */
  readonly room: number;
  readonly queues: readonly string[];
}

export function writeHolding(holding: Holding): string {
  return JSON.stringify(holding);
}

/** Throws when it does not say all that its receivers rely on. */
export function readHolding(msg: Msg): Holding {
  const { taker, tasks, isLeaving } = msg.json<{ [name: string]: unknown }>();
  if (isName(taker) && areTexts(tasks) && typeof isLeaving === 'boolean') {
    return { taker, tasks, isLeaving };
  }
  throw new Error('expected the name of a taker and what it holds');
}

/** Null when it is no offer. */
export function asOffer(value: unknown): Offer | null {
  if (typeof value !== 'object' || value === null) return null;
  const { taker, room, queues } = value as { [name: string]: unknown };
  if (!isName(taker) || !areTexts(queues) || typeof room !== 'number') return null;
  return { taker, room, queues };
}

/** It becomes part of a subject. */
function isName(value: unknown): value is string {
  return typeof value === 'string' && /^[\w-]+$/.test(value);
}

function areTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((each) => typeof each === 'string');
}
