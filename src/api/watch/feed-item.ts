import type { NarratedEvent, RecordedActivity } from '../ports.ts';
import type { Position } from './cursor.ts';

/** One thing that a watcher of a run is told. */
export type FeedItem =
  /** The event with this index (from 0) of the fact with this number. */
  | {
      readonly kind: 'story';
      readonly seq: number;
      readonly index: number;
      readonly told: NarratedEvent;
    }
  /** `progress` is the run's when the entry was read, 0 to 100. */
  | {
      readonly kind: 'activity';
      readonly recorded: RecordedActivity;
      readonly progress: number;
    };

export function isNews(position: Position, item: FeedItem): boolean {
  if (item.kind === 'activity') return item.recorded.id > position.activity;
  return item.seq > position.seq || (item.seq === position.seq && item.index >= position.told);
}

export function advance(position: Position, item: FeedItem): Position {
  if (item.kind === 'activity') return { ...position, activity: item.recorded.id };
  return { ...position, seq: item.seq, told: item.index + 1 };
}

/** Whether somebody at `position` has not yet seen all that lies before `floor`. */
export function isBehind(position: Position, floor: Position): boolean {
  if (position.activity < floor.activity) return true;
  if (position.seq !== floor.seq) return position.seq < floor.seq;
  return position.told < floor.told;
}
