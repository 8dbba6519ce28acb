import type { RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { Library, RunViewer, Signals } from '../ports.ts';
import type { Position } from './cursor.ts';
import type { FeedItem } from './feed-item.ts';
import { FeedReader } from './feed-reader.ts';
import { RunFeed } from './run-feed.ts';

/** Signals can be lost; this finds out all the same. */
const POLL_MS = 1000;

export interface WatchHubOptions {
  readonly library: Pick<Library, 'factsSince' | 'activity' | 'newsOf'>;
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
  const reader = new FeedReader(options);
  const stopListening = options.signals.onChanged((runIds) => {
    for (const id of runIds) {
      const shared = feeds.get(id);
      if (shared !== undefined) reader.ask(shared);
    }
  });
  const timer = setInterval(() => {
    for (const shared of feeds.values()) reader.ask(shared);
  }, POLL_MS).unref();
  const open = ({ run, version }: WatchRequest): SharedFeed => {
    const known = feeds.get(run.id);
    if (known !== undefined) return known;
    const shared = { feed: new RunFeed({ ...options, run, version }), watchers: 0 };
    feeds.set(run.id, shared);
    reader.ask(shared);
    return shared;
  };
  const leave = (runId: string, shared: SharedFeed): void => {
    shared.watchers -= 1;
    if (shared.watchers > 0) return;
    reader.forget(shared);
    if (feeds.get(runId) === shared) feeds.delete(runId);
  };
  return {
    close: () => {
      clearInterval(timer);
      stopListening();
      feeds.clear();
    },
    async *follow(request) {
      const { run, from, signal } = request;
      const shared = open(request);
      shared.watchers += 1;
      try {
        yield* shared.feed.follow(from, signal);
      } finally {
        leave(run.id, shared);
      }
    },
  };
}

interface SharedFeed {
  readonly feed: RunFeed;
  watchers: number;
}
