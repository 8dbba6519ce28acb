import type { RecordedActivity } from '../ports.ts';
import type { FeedItem, StoryItem } from './feed-item.ts';

type Source<T> = AsyncIterable<T> | Iterable<T>;

/**
 * Puts a run's story and its activity into one order, each keeping its own: people see a step's
 * lines before its checkpoint. Two clocks wrote the times, so this is for show; cursors do not
 * depend on it. What ends the run comes after all else that is at hand.
 */
export async function* mergeByTime(
  story: Source<StoryItem>,
  activity: Source<RecordedActivity>,
  progressBefore: number,
): AsyncGenerator<FeedItem> {
  const stories = iterate(story);
  const entries = iterate(activity);
  let progress = progressBefore;
  let told = await stories.next();
  let entry = await entries.next();
  while (told.done !== true || entry.done !== true) {
    if (entry.done === true || (told.done !== true && isBefore(told.value, entry.value))) {
      if (told.done === true) return;
      ({ progress } = told.value);
      yield told.value;
      told = await stories.next();
    } else {
      yield { kind: 'activity', recorded: entry.value, progress, sent: { event: null } };
      entry = await entries.next();
    }
  }
}

function isBefore({ told }: StoryItem, { entry }: RecordedActivity): boolean {
  if (told.kind === 'complete' || told.kind === 'error') return false;
  return told.at < entry.at;
}

async function* iterate<T>(source: Source<T>): AsyncGenerator<T> {
  yield* source;
}
