import type { RecordedFact } from '../../record/run.ts';
import { MAX_DATA_BYTES } from '../answer-size.ts';
import type { FactPage, Library, Narration, RecordedActivity } from '../ports.ts';
import type { Position } from './cursor.ts';
import { isNews, isStoryBehind, type FeedItem, type StoryItem } from './feed-item.ts';
import { mergeByTime } from './merge-by-time.ts';

/** Facts that one query reads: each watcher that is behind holds such a page. */
const FACTS: FactPage = { rows: 1000, bytes: 1 << 20, largest: MAX_DATA_BYTES };
/** Entries that one query reads. */
const ENTRIES = 250;

export interface ReadAgainOptions {
  readonly library: Pick<Library, 'factsSince' | 'activity'>;
  readonly runId: string;
  /** From the run's first fact. */
  readonly narration: Narration;
  readonly from: Position;
  readonly to: Position;
}

/** What lies between two positions, read from the ledger for one watcher that has fallen behind. */
export function readAgain(options: ReadAgainOptions): AsyncGenerator<FeedItem> {
  return mergeByTime(missedStory(options), missedActivity(options), 0);
}

/** What one fact means, with the run's progress after it. */
export function tell(narration: Narration, fact: RecordedFact): StoryItem[] {
  const events = narration.tell(fact);
  const progress = narration.progress();
  const { seq } = fact;
  return events.map((told, index) => {
    const sent = { event: null };
    return { kind: 'story', seq, index, told, progress, sent };
  });
}

async function* missedStory(options: ReadAgainOptions): AsyncGenerator<StoryItem> {
  const { library, runId, narration, from, to } = options;
  if (!isStoryBehind(from, to)) return;
  let seq = 0;
  while (seq < to.seq) {
    const facts = await library.factsSince(runId, seq, FACTS);
    if (facts.length === 0) return;
    for (const fact of facts) {
      if (fact.seq > to.seq) return;
      for (const item of tell(narration, fact)) {
        const isKept = item.seq === to.seq && item.index >= to.told;
        if (!isKept && isNews(from, item)) yield item;
      }
      seq = fact.seq;
    }
  }
}

async function* missedActivity(options: ReadAgainOptions): AsyncGenerator<RecordedActivity> {
  const { library, runId, to } = options;
  let afterId = options.from.activity;
  while (afterId < to.activity) {
    const query = { runId, afterId, step: null, minLevel: 'debug', limit: ENTRIES } as const;
    const entries = await library.activity(query);
    if (entries.length === 0) return;
    for (const recorded of entries) {
      if (recorded.id > to.activity) return;
      yield recorded;
      afterId = recorded.id;
    }
  }
}
