import { invalidField } from '../fault.ts';

/**
 * How much of a run's story and activity somebody has seen. Facts are numbered without gaps and
 * activity ids only grow, so a position names what comes next exactly.
 */
export interface Position {
  /** Of the last fact that was told, at least in part. */
  readonly seq: number;
  /** How many events of that fact were told. */
  readonly told: number;
  /** Id of the last activity entry. */
  readonly activity: number;
}

export const beginning: Position = { seq: 0, told: 0, activity: 0 };

export function formatCursor({ seq, told, activity }: Position): string {
  return `${seq}.${told}.${activity}`;
}

/** Empty text is the beginning. INVALID_ARGUMENT for what we never gave out. */
export function parseCursor(text: string): Position {
  if (text === '') return beginning;
  const match = /^(\d{1,15})\.(\d{1,15})\.(\d{1,15})$/.exec(text);
  if (match === null) {
    throw invalidField('cursor', `not a cursor of this stream: ${JSON.stringify(text)}`);
  }
  const [, seq, told, activity] = match;
  return { seq: Number(seq), told: Number(told), activity: Number(activity) };
}
