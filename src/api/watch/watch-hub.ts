import type { RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { Library, RunViewer, Signals } from '../ports.ts';
import type { Position } from './cursor.ts';
import type { FeedItem } from './feed-item.ts';
import { RunFeed } from './run-feed.ts';

/** Signals can be lost; this finds out all the same. */
const POLL_MS = 1000;

export interface WatchHubOptions {
  readonly library: Pick<Library, 'factsSince' | 'activity'>;
  readonly signals: Pick<Signals, 'onChanged'>;
  readonly viewer: RunViewer;
  readonly now: () => number;
}

export interface WatchRequest {
  readonly run: RunRecord;
  readonly version: VersionRecord;
  readonly from: Position;
  readonly signal: AbortSignal;
}

/** Shares one feed among all who watch a run in this process. */
export interface WatchHub {
  follow(request: WatchRequest): AsyncGenerator<FeedItem>;
  close(): void;
}

export function createWatchHub(options: WatchHubOptions): WatchHub {
  const feeds = new Map<string, SharedFeed>();
  const stopListening = options.signals.onChanged((runIds) => {
    for (const id of runIds) void feeds.get(id)?.feed.pull();
  });
  const timer = setInterval(() => {
    for (const { feed } of feeds.values()) void feed.pull();
  }, POLL_MS).unref();
  const close = (): void => {
    clearInterval(timer);
    stopListening();
    feeds.clear();
  };
  return {
    close,
    async *follow({ run, version, from, signal }) {
      const shared = feeds.get(run.id) ?? share(new RunFeed({ ...options, run, version }));
      feeds.set(run.id, shared);
      shared.watchers += 1;
      try {
        await shared.ready;
        yield* shared.feed.follow(from, signal);
      } finally {
        shared.watchers -= 1;
        if (shared.watchers === 0 && feeds.get(run.id) === shared) feeds.delete(run.id);
      }
    },
  };
}

interface SharedFeed {
  readonly feed: RunFeed;
  /** The first read; after that signals and the poll keep it fresh for all. */
  readonly ready: Promise<void>;
  watchers: number;
}

function share(feed: RunFeed): SharedFeed {
  return { feed, ready: feed.pull(), watchers: 0 };
}
