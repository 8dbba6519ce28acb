import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { MAX_DATA_BYTES } from '../answer-size.ts';
import type { Library, RunNews } from '../ports.ts';
import type { RunFeed } from './run-feed.ts';

/**
 * Feeds that one look at the ledger serves, and rows that it brings, unless one run has so many; and
 * bytes that it brings, but for the last value. A feed keeps more than these.
 */
const FEEDS = 500;
const ROWS = 5000;
const BYTES = 4 << 20;
/** Rows of one run. */
const RUN_ROWS = 1000;

/**
 * Rows for watchers that one look brings, a row for ten of them being ten: it bounds how long the
 * process is busy with nothing else. A row is about two events of some 20 µs each.
 */
const DELIVERIES = 4000;

/**
 * The pause after a look, against the time that telling the watchers took, and at most: a thousand
 * watchers of a busy run leave a fifth of the time to the run itself and to other callers.
 */
const PAUSE_SHARE = 0.25;
const LONGEST_PAUSE_MS = 200;

export interface ReadFeed {
  readonly feed: RunFeed;
  readonly watchers: number;
}

/** Reads what is new for all feeds that asked, many in one statement, one look at a time. */
export class FeedReader {
  readonly #library: Pick<Library, 'newsOf'>;
  readonly #now: () => number;
  readonly #asked = new Set<ReadFeed>();
  #isReading = false;

  constructor({ library, now }: { library: Pick<Library, 'newsOf'>; now: () => number }) {
    this.#library = library;
    this.#now = now;
  }

  /** Has the feed read soon, from after this call on. */
  ask(each: ReadFeed): void {
    this.#asked.add(each);
    if (this.#isReading) return;
    this.#isReading = true;
    void this.#readAll();
  }

  /** Nobody watches it any more. */
  forget(each: ReadFeed): void {
    this.#asked.delete(each);
  }

  async #readAll(): Promise<void> {
    while (this.#asked.size > 0) {
      const some = [...this.#asked].slice(0, FEEDS);
      for (const each of some) this.#asked.delete(each);
      const began = performance.now();
      const woken = await this.#read(some);
      if (woken <= 1) continue;
      // They are told before this goes on.
      await nextTurn();
      const tookMs = performance.now() - began;
      await sleep(Math.min(LONGEST_PAUSE_MS, tookMs * PAUSE_SHARE));
    }
    this.#isReading = false;
  }

  /** Never rejects; resolves to how many watchers have news now. */
  async #read(some: readonly ReadFeed[]): Promise<number> {
    const askedAt = this.#now();
    const rows = rowsOf(some);
    const positions = some.map(({ feed }) => feed.position);
    let news: RunNews;
    try {
      news = await this.#library.newsOf(positions, { rows, bytes: BYTES, largest: MAX_DATA_BYTES });
    } catch (error) {
      for (const { feed } of some) feed.fail(error);
      return 0;
    }
    let woken = 0;
    for (const each of some) {
      if (await this.#give(each, news, { rows, askedAt })) woken += each.watchers;
    }
    return woken;
  }

  /** What is wrong with one run is told to its own watchers. Resolves to whether there was news. */
  async #give(
    each: ReadFeed,
    news: RunNews,
    { rows, askedAt }: { rows: number; askedAt: number },
  ): Promise<boolean> {
    const { runId } = each.feed.position;
    const facts = news.facts.get(runId) ?? [];
    const entries = news.activity.get(runId) ?? [];
    const isFull = news.cut.has(runId) || facts.length >= rows || entries.length >= rows;
    try {
      this.#again(each, await each.feed.take({ facts, entries, isFull, askedAt }));
    } catch (error) {
      each.feed.fail(error);
    }
    return facts.length + entries.length > 0;
  }

  #again(each: ReadFeed, inMs: number | null): void {
    if (inMs === null || each.watchers === 0) return;
    if (inMs === 0) this.#asked.add(each);
    else setTimeout(() => each.watchers > 0 && this.ask(each), inMs).unref();
  }
}

/** Rows of each run. */
function rowsOf(some: readonly ReadFeed[]): number {
  const most = Math.max(1, ...some.map(({ watchers }) => watchers));
  const rows = Math.min(ROWS / some.length, DELIVERIES / most);
  return Math.max(1, Math.min(RUN_ROWS, Math.ceil(rows)));
}
