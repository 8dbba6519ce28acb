import type { VersionRecord } from '../../record/workflow.ts';
import type { RecordedFact, RunRecord } from '../../record/run.ts';
import type { Library, Narration, RecordedActivity, RunViewer } from '../ports.ts';
import { advance, isBehind, isNews, type FeedItem } from './feed-item.ts';
import { beginning, type Position } from './cursor.ts';

/** Facts or entries that one query reads. */
const PAGE = 1000;
/** Items that a feed keeps for its watchers; who is further behind reads the ledger. */
const KEPT = 2000;
/** How long after the end entries of the last steps may still arrive. */
const LINGER_MS = 250;

export interface FeedOptions {
  readonly library: Pick<Library, 'factsSince' | 'activity'>;
  readonly viewer: RunViewer;
  readonly run: RunRecord;
  readonly version: VersionRecord;
  now(): number;
}

/** The story and activity of one run, read once for all who watch it in this process. */
export class RunFeed {
  readonly #options: FeedOptions;
  readonly #narration: Narration;
  #items: FeedItem[] = [];
  /** Number of the first item that is kept, and the position just before it. */
  #first = 0;
  #floor: Position = beginning;
  #seen: Position = beginning;
  #finishedAt: number | null = null;
  #ended = false;
  #failure: unknown = null;
  #pulling: Promise<void> | null = null;
  #again = false;
  #changed = Promise.withResolvers<void>();

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#narration = options.viewer.narrate(options.version, options.run);
  }

  /** Reads what is new; one read at a time, and one more if asked meanwhile. Never rejects. */
  pull(): Promise<void> {
    this.#again = true;
    this.#pulling ??= this.#pullAll().finally(() => {
      this.#pulling = null;
    });
    return this.#pulling;
  }

  async #pullAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      try {
        await this.#pullPage();
        this.#failure = null;
      } catch (error) {
        // Watchers that wait are told; the next pull tries again.
        this.#failure = error;
      }
      this.#changed.resolve();
      this.#changed = Promise.withResolvers();
    }
  }

  async #pullPage(): Promise<void> {
    const { library, run, now } = this.#options;
    const runId = run.id;
    const before = now();
    const facts = await library.factsSince(runId, this.#seen.seq, PAGE);
    const afterId = this.#seen.activity;
    const entries = await library.activity({
      runId,
      afterId,
      step: null,
      minLevel: 'debug',
      limit: PAGE,
    });
    const story = facts.flatMap((fact) => [...tell(this.#narration, fact)]);
    const last = facts.at(-1);
    if (last !== undefined) this.#finishedAt = finishTime(last, before);
    // The end is told after the entries that were written before it.
    const ending =
      story.findLastIndex(({ told }) => told.kind !== 'complete' && told.kind !== 'error') + 1;
    this.#append(story.slice(0, ending));
    this.#append(entries.map((recorded) => this.#activity(recorded)));
    this.#append(story.slice(ending));
    if (last !== undefined) this.#seen = { ...this.#seen, seq: last.seq };
    const isFull = facts.length === PAGE || entries.length === PAGE;
    if (isFull) this.#again = true;
    this.#ended = !isFull && this.#finishedAt !== null && this.#finishedAt + LINGER_MS <= before;
    if (this.#finishedAt !== null && !this.#ended && !isFull) this.#lookAgain();
  }

  #lookAgain(): void {
    setTimeout(() => void this.pull(), LINGER_MS).unref();
  }

  #activity(recorded: RecordedActivity): FeedItem {
    return { kind: 'activity', recorded, progress: this.#narration.progress() };
  }

  #append(items: readonly FeedItem[]): void {
    for (const item of items) this.#seen = advance(this.#seen, item);
    this.#items.push(...items);
    const surplus = this.#items.length - KEPT;
    if (surplus <= 0) return;
    for (const dropped of this.#items.splice(0, surplus))
      this.#floor = advance(this.#floor, dropped);
    this.#first += surplus;
  }

  /**
   * All that comes after `from`, in order, and what is still to come, until the run has finished
   * or the signal fires. A slow reader costs nothing: it takes the next item when it is ready.
   */
  async *follow(from: Position, signal: AbortSignal): AsyncGenerator<FeedItem> {
    let position = from;
    let next = this.#first;
    while (!signal.aborted) {
      if (next < this.#first || isBehind(position, this.#floor)) {
        for await (const item of catchUp(this.#options, { from: position, to: this.#floor })) {
          position = advance(position, item);
          yield item;
        }
        // What the ledger has no more (retention) is not waited for.
        position = atLeast(position, this.#floor);
        next = this.#first;
      }
      const item = this.#items[next - this.#first];
      if (item !== undefined) {
        next += 1;
        if (!isNews(position, item)) continue;
        position = advance(position, item);
        yield item;
        continue;
      }
      if (this.#failure !== null) throw this.#failure;
      if (this.#ended) return;
      await this.#waitForChange(signal);
    }
  }

  async #waitForChange(signal: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stop = (): void => resolve();
    signal.addEventListener('abort', stop, { once: true });
    await Promise.race([this.#changed.promise, promise]);
    signal.removeEventListener('abort', stop);
  }
}

/** By our clock at the latest: a controller's may be ahead. */
function finishTime({ fact }: RecordedFact, now: number): number | null {
  return fact.kind === 'finished' ? Math.min(fact.at, now) : null;
}

function atLeast(position: Position, floor: Position): Position {
  const activity = Math.max(position.activity, floor.activity);
  const isStoryBehind = isBehind({ ...position, activity }, { ...floor, activity });
  return isStoryBehind ? { ...floor, activity } : { ...position, activity };
}

function* tell(
  narration: Narration,
  fact: RecordedFact,
): Generator<Extract<FeedItem, { kind: 'story' }>> {
  for (const [index, told] of narration.tell(fact).entries()) {
    yield { kind: 'story', seq: fact.seq, index, told };
  }
}

/** Reads the ledger again for one watcher that is further behind than a feed remembers. */
async function* catchUp(
  options: FeedOptions,
  range: { readonly from: Position; readonly to: Position },
): AsyncGenerator<FeedItem> {
  const { library, run, version, viewer } = options;
  const { from, to } = range;
  const narration = viewer.narrate(version, run);
  let { seq } = beginning;
  while (isBehind({ ...from, activity: to.activity }, to) && seq < to.seq) {
    const facts = await library.factsSince(run.id, seq, PAGE);
    if (facts.length === 0) break;
    for (const fact of facts) {
      for (const item of tell(narration, fact)) {
        const isTold = item.seq < to.seq || (item.seq === to.seq && item.index < to.told);
        if (isTold && isNews(from, item)) yield item;
      }
      seq = fact.seq;
    }
  }
  yield* missedActivity(options, {
    after: from.activity,
    to: to.activity,
    progress: narration.progress(),
  });
}

async function* missedActivity(
  { library, run }: FeedOptions,
  range: { readonly after: number; readonly to: number; readonly progress: number },
): AsyncGenerator<FeedItem> {
  let afterId = range.after;
  while (afterId < range.to) {
    const page = { runId: run.id, afterId, step: null, minLevel: 'debug', limit: PAGE } as const;
    const entries = await library.activity(page);
    if (entries.length === 0) return;
    for (const recorded of entries) {
      if (recorded.id > range.to) return;
      yield { kind: 'activity', recorded, progress: range.progress };
      afterId = recorded.id;
    }
  }
}
