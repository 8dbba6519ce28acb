import { Code, ConnectError } from '@connectrpc/connect';
import type { RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { Library, RunViewer, Signals } from '../ports.ts';
import type { Position } from './cursor.ts';
import type { FeedItem } from './feed-item.ts';
import { FeedReader } from './feed-reader.ts';
import { RunFeed } from './run-feed.ts';

/** Signals can be lost; this finds out all the same. */
const POLL_MS = 1000;
/** Each holds a connection or a stream of one, and what has just happened to its run. */
export const MAX_WATCHES = 10_000;

export interface WatchHubOptions {
  readonly library: Pick<Library, 'factsSince' | 'activity' | 'newsOf'>;
  readonly signals: Pick<Signals, 'onChanged'>;
  readonly viewer: RunViewer;
  readonly now: () => number;
  /** Open at once, over all runs. Default MAX_WATCHES. */
  readonly maxWatches?: number;
}

export interface WatchRequest {
  readonly run: RunRecord;
  readonly version: VersionRecord;
  readonly from: Position;
  readonly signal: AbortSignal;
}

/** Shares one feed among all who watch a run in this process. */
export interface WatchHub {
  /** Throws RESOURCE_EXHAUSTED while as many watches are open as there may be. */
  follow(request: WatchRequest): AsyncGenerator<FeedItem>;
  close(): void;
}

export function createWatchHub(options: WatchHubOptions): WatchHub {
  const { maxWatches = MAX_WATCHES } = options;
  const feeds = new Map<string, SharedFeed>();
  let watches = 0;
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
    watches -= 1;
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
      if (watches >= maxWatches) throw tooMany(maxWatches);
      const shared = open(request);
      watches += 1;
      shared.watchers += 1;
      try {
        yield* shared.feed.follow(from, signal);
      } finally {
        leave(run.id, shared);
      }
    },
  };
}

function tooMany(limit: number): ConnectError {
  const remedy = 'close some, or watch at another server';
  const message = `This server has ${limit} open watches, its limit; ${remedy}.`;
  return new ConnectError(message, Code.ResourceExhausted);
}

interface SharedFeed {
  readonly feed: RunFeed;
  watchers: number;
}
