import type { NarratedEvent } from '../../engine/narrate.ts';
import type { Json } from '../../expr/json.ts';
import type { RunEvent } from '../../gen/behest/v1/event_pb.ts';
import { isUnread } from '../../record/unread.ts';
import { sizeOf, textBytes } from '../answer-size.ts';
import type { RecordedActivity } from '../ports.ts';
import type { Position } from './cursor.ts';

/** One thing that a watcher of a run is told. `progress` is the run's at that time, 0 to 100. */
export type FeedItem = StoryItem | ActivityItem;

/** The event as a watcher was last sent it: nearly all others are sent the same. */
export interface Sent {
  event: RunEvent | null;
}

/** The event with this index (from 0) of the fact with this number. */
export interface StoryItem {
  readonly kind: 'story';
  readonly seq: number;
  readonly index: number;
  readonly told: NarratedEvent;
  readonly progress: number;
  readonly sent: Sent;
}

export interface ActivityItem {
  readonly kind: 'activity';
  readonly recorded: RecordedActivity;
  readonly progress: number;
  readonly sent: Sent;
}

/** What an item keeps in memory, about. */
export function weightOf(item: FeedItem): number {
  if (item.kind === 'activity') return ITEM_BYTES + textBytes(item.recorded.entry.message);
  const data = dataOf(item.told);
  return ITEM_BYTES + (isUnread(data) ? 0 : sizeOf(data));
}

const ITEM_BYTES = 200;

function dataOf(told: NarratedEvent): Json {
  if (told.kind === 'checkpoint') return told.output;
  return told.kind === 'complete' ? told.result : null;
}

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
  return isStoryBehind(position, floor);
}

export function isStoryBehind(position: Position, floor: Position): boolean {
  if (position.seq !== floor.seq) return position.seq < floor.seq;
  return position.told < floor.told;
}

/** The position that has seen all that either has seen. */
export function furthest(a: Position, b: Position): Position {
  const story = isStoryBehind(a, b) ? b : a;
  return { seq: story.seq, told: story.told, activity: Math.max(a.activity, b.activity) };
}
