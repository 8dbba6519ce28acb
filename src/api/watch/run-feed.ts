import type { RecordedFact, RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { Library, Narration, RecordedActivity, RunPosition, RunViewer } from '../ports.ts';
import { beginning, type Position } from './cursor.ts';
import { advance, furthest, isBehind, isNews, weightOf, type FeedItem } from './feed-item.ts';
import { mergeByTime } from './merge-by-time.ts';
import { readAgain, tell } from './read-again.ts';

/** Items that a feed keeps for its watchers, and their bytes; who is further behind reads the ledger. */
const KEPT = 2000;
const KEPT_BYTES = 8 << 20;
/** How long after the end entries of the last steps may still arrive. */
const LINGER_MS = 250;

export interface FeedOptions {
  readonly library: Pick<Library, 'factsSince' | 'activity'>;
  readonly viewer: RunViewer;
  readonly run: RunRecord;
  readonly version: VersionRecord;
}

/** What was read for one feed. */
export interface News {
  readonly facts: readonly RecordedFact[];
  readonly entries: readonly RecordedActivity[];
  /** There may be more already. */
  readonly isFull: boolean;
  /** When the reading began, epoch ms. */
  readonly askedAt: number;
}

/** The story and activity of one run, read once for all who watch it in this process. */
export class RunFeed {
  readonly #options: FeedOptions;
  readonly #narration: Narration;
  #items: FeedItem[] = [];
  #bytes = 0;
  /** Number of the first item that is kept, and the position just before it. */
  #first = 0;
  #floor: Position = beginning;
  #seen: Position = beginning;
  #finishedAt: number | null = null;
  #ended = false;
  #failure: Error | null = null;
  /** Wakes each watcher that has seen all there is. */
  readonly #waiting = new Set<() => void>();

  constructor(options: FeedOptions) {
    this.#options = options;
    this.#narration = options.viewer.narrate(options.version, options.run);
  }

  /** What comes after this is news. */
  get position(): RunPosition {
    return { runId: this.#options.run.id, seq: this.#seen.seq, activity: this.#seen.activity };
  }

  /** Resolves to when more is to be looked for, in ms; null when somebody will say so. */
  async take({ facts, entries, isFull, askedAt }: News): Promise<number | null> {
    const progress = this.#narration.progress();
    const story = facts.flatMap((fact) => tell(this.#narration, fact));
    const items = await collect(mergeByTime(story, entries, progress));
    this.#append(items);
    const last = facts.at(-1);
    if (last !== undefined) {
      this.#finishedAt = finishTime(last, askedAt);
      this.#seen = { ...this.#seen, seq: last.seq };
    }
    const isOver = !isFull && this.#finishedAt !== null;
    const [wasEnded, wasFailed] = [this.#ended, this.#failure !== null];
    this.#failure = null;
    this.#ended = isOver && (this.#finishedAt ?? 0) + LINGER_MS <= askedAt;
    if (items.length > 0 || wasFailed || this.#ended !== wasEnded) this.#wakeAll();
    if (isFull) return 0;
    return isOver && !this.#ended ? LINGER_MS : null;
  }

  /** Watchers that wait are told; the next news are taken as if nothing had been. */
  fail(error: unknown): void {
    this.#failure = error instanceof Error ? error : new Error(String(error));
    this.#wakeAll();
  }

  #wakeAll(): void {
    for (const wake of this.#waiting) wake();
    this.#waiting.clear();
  }

  #append(items: readonly FeedItem[]): void {
    for (const item of items) {
      this.#seen = advance(this.#seen, item);
      this.#bytes += weightOf(item);
    }
    this.#items.push(...items);
    let surplus = 0;
    for (const item of this.#items) {
      if (this.#items.length - surplus <= KEPT && this.#bytes <= KEPT_BYTES) break;
      this.#floor = advance(this.#floor, item);
      this.#bytes -= weightOf(item);
      surplus += 1;
    }
    this.#items.splice(0, surplus);
    this.#first += surplus;
  }

  /**
   * All that comes after `from`, in order, and what is still to come, until the run has finished
   * or the signal fires. A slow reader costs nothing: it takes the next item when it is ready.
   */
  async *follow(from: Position, signal: AbortSignal): AsyncGenerator<FeedItem> {
    let wake = (): void => undefined;
    const stop = (): void => wake();
    signal.addEventListener('abort', stop);
    try {
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
        const { promise, resolve } = Promise.withResolvers<void>();
        wake = resolve;
        this.#waiting.add(wake);
        await promise;
      }
    } finally {
      this.#waiting.delete(wake);
      signal.removeEventListener('abort', stop);
    }
  }

  #readAgain(from: Position, to: Position): AsyncGenerator<FeedItem> {
    const { library, viewer, version, run } = this.#options;
    const narration = viewer.narrate(version, run);
    return readAgain({ library, runId: run.id, narration, from, to });
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
