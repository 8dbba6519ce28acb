import { describe, expect, test, vi } from 'vitest';
import type { RecordedFact, RunRecord } from '../../record/run.ts';
import type { VersionRecord } from '../../record/workflow.ts';
import type { RecordedActivity, RunViewer } from '../ports.ts';
import { beginning, formatCursor, parseCursor, type Position } from './cursor.ts';
import { advance, type FeedItem } from './feed-item.ts';
import { createWatchHub, type WatchHub } from './watch-hub.ts';

const run = { id: 'r' } as RunRecord;
const version = {} as VersionRecord;

/** Every fact is told as two events, one with an output; `finished` as one that ends the run. */
const viewerOf = (world: { readonly output: string }): Pick<RunViewer, 'narrate'> => ({
  narrate: () => {
    let told = 0;
    return {
      progress: () => told,
      tell: ({ fact }) => {
        told += 1;
        if (fact.kind === 'finished') return [{ kind: 'complete', at: fact.at, result: null }];
        const { at } = fact;
        const outcome = { status: 'completed', output: world.output, error: null } as const;
        return [
          { kind: 'progress', at, step: 0, progress: 0 },
          { kind: 'checkpoint', at, step: 0, item: null, attempt: 1, ...outcome },
        ];
      },
    };
  },
});

class World {
  readonly facts: RecordedFact[] = [];
  readonly entries: RecordedActivity[] = [];
  now = 1_000_000;
  output = '';
  queries = 0;
  fails = false;
  changed: (runIds: readonly string[]) => void = () => undefined;
  readonly hub: WatchHub = createWatchHub({
    library: {
      factsSince: async (_, seq, { rows }) => {
        this.queries += 1;
        if (this.fails) throw new Error('the database is away');
        return this.facts.filter((each) => each.seq > seq).slice(0, rows);
      },
      activity: async ({ afterId, limit }) =>
        this.entries.filter(({ id }) => id > afterId).slice(0, limit),
      newsOf: async (runs, { rows }) => {
        this.queries += 1;
        if (this.fails) throw new Error('the database is away');
        const factsOf = (after: number) => this.facts.filter(({ seq }) => seq > after);
        const entriesOf = (after: number) => this.entries.filter(({ id }) => id > after);
        return {
          facts: new Map(runs.map((each) => [each.runId, factsOf(each.seq).slice(0, rows)])),
          activity: new Map(
            runs.map((each) => [each.runId, entriesOf(each.activity).slice(0, rows)]),
          ),
          cut: new Set(),
        };
      },
    },
    signals: {
      onChanged: (handler) => {
        this.changed = handler;
        return () => undefined;
      },
    },
    viewer: {
      ...viewerOf(this),
      view: () => {
        throw new Error('not used here');
      },
    },
    now: () => this.now,
  });

  happen(count: number): void {
    for (let n = 0; n < count; n += 1) {
      const seq = this.facts.length + 1;
      this.facts.push({ seq, fact: { kind: 'started', at: seq } });
      const entry = {
        runId: 'r',
        step: 0,
        item: -1,
        attempt: 1,
        at: seq,
        level: 'info',
        message: '',
      } as const;
      if (seq % 2 === 0) this.entries.push({ id: seq * 10, entry });
    }
  }

  finish(): void {
    const seq = this.facts.length + 1;
    const fact = {
      kind: 'finished',
      at: seq,
      status: 'completed',
      output: null,
      error: null,
    } as const;
    this.facts.push({ seq, fact });
  }

  follow(
    from: Position = beginning,
    signal = new AbortController().signal,
  ): AsyncGenerator<FeedItem> {
    return this.hub.follow({ run, version, from, signal });
  }
}

function name(item: FeedItem): string {
  return item.kind === 'story' ? `${item.seq}.${item.index}` : `log ${item.recorded.id}`;
}

async function take(items: AsyncGenerator<FeedItem>, count = Infinity): Promise<FeedItem[]> {
  const taken: FeedItem[] = [];
  while (taken.length < count) {
    const next = await items.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  return taken;
}

describe('a feed', () => {
  test.each([3, 999, 1000, 2500])(
    'of %i facts is told whole, and from any place on',
    async (count) => {
      const world = new World();
      world.happen(count);
      world.finish();
      const all = (await take(world.follow())).map(name);
      expect(all).toHaveLength(count * 2 + Math.floor(count / 2) + 1);
      expect(new Set(all).size).toBe(all.length);
      const items = await take(world.follow());
      for (const cut of [0, 1, 2, Math.floor(items.length / 2), items.length - 2]) {
        const position = items.slice(0, cut + 1).reduce(advance, beginning);
        const rest = await take(world.follow(parseCursor(formatCursor(position))));
        expect(rest.map(name)).toEqual(all.slice(cut + 1));
      }
      world.hub.close();
    },
  );

  test('a watcher slower than the feed remembers → nothing is lost or told twice', async () => {
    const world = new World();
    world.happen(10);
    const slow = world.follow();
    const seen = (await take(slow, 3)).map(name);
    const fast = world.follow();
    world.happen(6000);
    world.changed(['r']);
    await take(fast, 12_000);
    world.finish();
    world.changed(['r']);
    seen.push(...(await take(slow)).map(name));
    expect(seen).toHaveLength(6010 * 2 + 3005 + 1);
    expect(new Set(seen).size).toBe(seen.length);
    world.hub.close();
  });

  test('outputs beyond what it keeps → a watcher that is behind loses nothing', async () => {
    const world = new World();
    world.output = 'x'.repeat(1 << 20);
    world.happen(1);
    const slow = world.follow();
    const seen = (await take(slow, 1)).map(name);
    world.happen(30);
    world.changed(['r']);
    await take(world.follow(), 31 * 2);
    const before = world.queries;
    seen.push(...(await take(slow, 1)).map(name));
    // It has forgotten most of them, and the ledger is read again.
    expect(world.queries).toBeGreaterThan(before);
    world.finish();
    world.changed(['r']);
    seen.push(...(await take(slow)).map(name));
    expect(seen).toHaveLength(31 * 2 + 15 + 1);
    expect(new Set(seen).size).toBe(seen.length);
    world.hub.close();
  });

  test('the last watcher gone → nobody reads the ledger any more', async () => {
    vi.useFakeTimers();
    const world = new World();
    world.happen(1);
    const [one, two] = [world.follow(), world.follow()];
    await take(one, 1);
    await take(two, 1);
    await one.return(undefined);
    const before = world.queries;
    await vi.advanceTimersByTimeAsync(3000);
    expect(world.queries).toBeGreaterThan(before);
    await two.return(undefined);
    const after = world.queries;
    await vi.advanceTimersByTimeAsync(5000);
    expect(world.queries).toBe(after);
    world.hub.close();
    vi.useRealTimers();
  });

  test('an aborted watch ends although nothing happens', async () => {
    const world = new World();
    const controller = new AbortController();
    const waiting = take(world.follow(beginning, controller.signal));
    controller.abort();
    expect(await waiting).toEqual([]);
    world.hub.close();
  });

  test('the ledger fails → watchers that wait are told', async () => {
    const world = new World();
    world.fails = true;
    await expect(take(world.follow())).rejects.toThrow('the database is away');
    world.hub.close();
  });

  test('lines that arrive just after the end are still told', async () => {
    const world = new World();
    world.finish();
    world.now = 1;
    const watch = world.follow();
    expect((await take(watch, 1)).map(name)).toEqual(['1.0']);
    world.happen(0);
    world.entries.push({
      id: 7,
      entry: { runId: 'r', step: 0, item: -1, attempt: 1, at: 1, level: 'info', message: 'late' },
    });
    world.now = 1_000;
    world.changed(['r']);
    expect((await take(watch)).map(name)).toEqual(['log 7']);
    world.hub.close();
  });
});
