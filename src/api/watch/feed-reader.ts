import { setTimeout as sleep } from 'node:timers/promises';
import type { Library, RunNews } from '../ports.ts';
import { PAGE } from './read-again.ts';
import type { RunFeed } from './run-feed.ts';

/** Feeds that one look at the ledger serves, and rows that it brings, unless one run has so many. */
const FEEDS = 500;
const ROWS = 5000;

/**
 * Time between two looks for each watcher that the last one woke, ms, and at most. A busy run with
 * a thousand watchers is told to them twenty times a second, many events at a time: without the
 * pause each fact would wake all of them.
 */
const PAUSE_MS = 0.05;
const LONGEST_PAUSE_MS = 100;

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
      const woken = await this.#read(some);
      const pauseMs = Math.min(LONGEST_PAUSE_MS, woken * PAUSE_MS);
      if (pauseMs >= 1) await sleep(pauseMs);
    }
    this.#isReading = false;
  }

  /** Never rejects; resolves to how many watchers have news now. */
  async #read(some: readonly ReadFeed[]): Promise<number> {
    const askedAt = this.#now();
    const limit = Math.min(PAGE, Math.ceil(ROWS / some.length));
    const positions = some.map(({ feed }) => feed.position);
    let news: RunNews;
    try {
      news = await this.#library.newsOf(positions, limit);
    } catch (error) {
      for (const { feed } of some) feed.fail(error);
      return 0;
    }
    let woken = 0;
    for (const each of some) {
      if (await this.#give(each, news, { limit, askedAt })) woken += each.watchers;
    }
    return woken;
  }

  /** What is wrong with one run is told to its own watchers. Resolves to whether there was news. */
  async #give(
    each: ReadFeed,
    news: RunNews,
    { limit, askedAt }: { limit: number; askedAt: number },
  ): Promise<boolean> {
    const { runId } = each.feed.position;
    const facts = news.facts.get(runId) ?? [];
    const entries = news.activity.get(runId) ?? [];
    const isFull = facts.length >= limit || entries.length >= limit;
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
