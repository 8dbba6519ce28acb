import type { Json } from '../expr/json.ts';

/** Stands for an output that is on record and was not read, because it is too large to be shown. */
export const UNREAD: Json = Object.freeze({});

/** Whether this is such an output, or the list of a fan-out with one in it. */
export function isUnread(output: Json): boolean {
  return output === UNREAD || (Array.isArray(output) && output.includes(UNREAD));
}
