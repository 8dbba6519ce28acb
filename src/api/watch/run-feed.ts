import type { RecordedFact, RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { Library, Narration, RunViewer } from '../ports.ts';
import { beginning, type Position } from './cursor.ts';
import { advance, furthest, isBehind, isNews, type FeedItem } from './feed-item.ts';
import { mergeByTime } from './merge-by-time.ts';
import { PAGE, readAgain, tell } from './read-again.ts';

/** Items that a feed keeps for its watchers; who is further behind reads the ledger. */
const KEPT = 2000;
/** How long after the end entries of the last steps may still arrive. */
const LINGER_MS = 250;

export interface FeedOptions {
  readonly library: Pick<Library, 'factsSince' | 'activity'>;
  readonly viewer: RunViewer;
  readonly run: RunRecord;
  readonly version: VersionRecord;
  readonly now: () => number;
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
  #failure: Error | null = null;
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
        this.#failure = error instanceof Error ? error : new Error(String(error));
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
    const progress = this.#narration.progress();
    const story = facts.flatMap((fact) => tell(this.#narration, fact));
    const items = await collect(mergeByTime(story, entries, progress));
    this.#append(items);
    const last = facts.at(-1);
    if (last !== undefined) this.#finishedAt = finishTime(last, before);
    if (last !== undefined) this.#seen = { ...this.#seen, seq: last.seq };
    const isFull = facts.length === PAGE || entries.length === PAGE;
    if (isFull) this.#again = true;
    this.#ended = !isFull && this.#finishedAt !== null && this.#finishedAt + LINGER_MS <= before;
    if (this.#finishedAt !== null && !this.#ended && !isFull) this.#lookAgain();
  }

  #lookAgain(): void {
    setTimeout(() => void this.pull(), LINGER_MS).unref();
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
        const floor = this.#floor;
        for await (const item of this.#readAgain(position, floor)) {
          position = advance(position, item);
          yield item;
        }
        // What the ledger has no more (retention) is not waited for.
        position = furthest(position, floor);
        next = this.#first;
        // The feed may have forgotten more in the meantime.
        continue;
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

  #readAgain(from: Position, to: Position): AsyncGenerator<FeedItem> {
    const { library, viewer, version, run } = this.#options;
    const narration = viewer.narrate(version, run);
    return readAgain({ library, runId: run.id, narration, from, to });
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

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
