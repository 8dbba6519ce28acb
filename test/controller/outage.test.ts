import { afterEach, describe, expect, test } from 'vitest';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { type ControllerOptions, startController } from '../../src/controller/controller.ts';
import { Outage } from '../../src/controller/outage.ts';
import type { Ledger, Log } from '../../src/controller/ports.ts';
import { systemClock } from '../../src/controller/system-clock.ts';
import { sha256 } from '../../src/main/start-controller.ts';
import { ManifestReader } from '../../src/manifest/manifest-reader.ts';
import { nodeTypes } from '../../src/nodes/registry.ts';
import { blobsOf } from '../../src/store/open-store.ts';
import { quiet, Rig } from './rig.ts';

interface Line {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

function listeningLog(lines: Line[]): Log {
  const write = (event: string, fields: Readonly<Record<string, unknown>> = {}) =>
    void lines.push({ event, fields });
  return { debug: write, info: write, warn: write, error: write };
}

let rig: Rig | null = null;
let controller: { stop(): Promise<void> } | null = null;
afterEach(async () => {
  await controller?.stop();
  await rig?.stop();
  controller = null;
  rig = null;
});

async function start(
  change: { bus?: Bus; ledger?: (ledger: Ledger) => Ledger } & Pick<ControllerOptions, 'log'>,
): Promise<Rig> {
  const bus = change.bus ?? createInProcessBus();
  rig = await Rig.start({ connect: () => Promise.resolve(bus), controllers: 0 });
  controller = await startController({
    ledger: change.ledger?.(rig.ledger) ?? rig.ledger,
    blobs: blobsOf(rig.store.library),
    bus,
    clock: systemClock,
    log: change.log,
    probes: { answers: () => Promise.resolve(true), hasSecret: () => true },
    sources: [],
    readers: () => new ManifestReader({ nodeTypes, digest: sha256 }),
    // Longer than the test: what it would mend stays broken.
    recheckMs: 300_000,
  });
  await rig.register('one', [{ id: 'a', type: 'act', config: { do: 'nothing' } }]);
  return rig;
}

/** The same object with some of its methods changed. */
function withMethods<T extends object>(original: T, changed: Partial<T>): T {
  return new Proxy(original, {
    get: (target, name) => {
      const own: unknown = Reflect.get(changed, name);
      if (own !== undefined) return own;
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
}

describe('a controller', () => {
  test('a transport that refuses tasks for a moment → they are sent soon all the same', async () => {
    const inner = createInProcessBus();
    let refusals = 0;
    const bus = withMethods<Bus>(inner, {
      publishTasks: async (tasks) => {
        refusals += 1;
        if (refusals <= 3) throw new Error('the transport is away');
        await inner.publishTasks(tasks);
      },
    });
    const lines: Line[] = [];
    const world = await start({ bus, log: listeningLog(lines) });
    await world.status(await world.startRun('one'), 'completed');
    expect(refusals).toBe(4);
    expect(lines.filter(({ event }) => event === 'effects.failing')).toHaveLength(1);
    expect(lines.filter(({ event }) => event === 'effects.recovered')).toMatchObject([
      { fields: { failures: 3, works: 3 } },
    ]);
  });

  test('a ledger that takes nothing for 2 s → few tries, two log lines, and then it goes on', async () => {
    const lines: Line[] = [];
    let tries = 0;
    let awayUntil = Infinity;
    const world = await start({
      log: listeningLog(lines),
      ledger: (ledger) =>
        withMethods(ledger, {
          commitRuns: async (changes) => {
            if (awayUntil === Infinity) awayUntil = Date.now() + 2_000;
            tries += 1;
            if (Date.now() < awayUntil) throw new Error('the disk is full');
            return await ledger.commitRuns(changes);
          },
        }),
    });
    const id = await world.startRun('one');
    await world.status(id, 'completed');
    const failing = lines.filter(({ event }) => event.endsWith('failing'));
    expect(failing.map(({ event }) => event)).toEqual(['ledger.failing']);
    const recovered = lines.find(({ event }) => event === 'ledger.recovered');
    const failures = Number(recovered?.fields['failures']);
    expect(failures).toBeGreaterThan(2);
    expect(failures).toBeLessThan(12);
    expect(tries).toBeGreaterThan(failures);
  });

  test('the ledger fails while many look at a run → looks do not pile up', async () => {
    let tries = 0;
    let isAway = true;
    const world = await start({
      log: quiet,
      ledger: (ledger) =>
        withMethods(ledger, {
          commitRuns: async (changes) => {
            tries += 1;
            if (isAway) throw new Error('away');
            return await ledger.commitRuns(changes);
          },
        }),
    });
    const id = await world.startRun('one');
    const until = Date.now() + 1_500;
    while (Date.now() < until) {
      world.bus.broadcast({ kind: 'nudge', runIds: [id] });
      await new Promise((done) => setTimeout(done, 5));
    }
    // Without back-off it would be hundreds.
    expect(tries).toBeLessThan(40);
    isAway = false;
    await world.status(id, 'completed');
  });
});

describe('an outage', () => {
  test('failures at 0, 50, 400 and 9000 ms → delays grow with its length, up to a limit', () => {
    let now = 1_000;
    const clock = { now: () => now, sleep: () => Promise.resolve() };
    const lines: Line[] = [];
    const outage = new Outage({ clock, log: listeningLog(lines), name: 'store' });
    const delays = [0, 50, 400, 9_000].map((at) => {
      now = 1_000 + at;
      return outage.failed(new Error('away'), 10);
    });
    expect(delays).toEqual([100, 100, 400, 3_000]);
    outage.succeeded();
    outage.succeeded();
    expect(lines.map(({ event }) => event)).toEqual(['store.failing', 'store.recovered']);
    expect(lines[1]?.fields).toEqual({ forMs: 9_000, failures: 4, works: 40 });
    expect(outage.failed(new Error('away'), 1)).toBe(100);
  });
});

describe('a checkpoint that Postgres can never take', () => {
  test('in the middle of others → they are recorded; the log names its run', async () => {
    const lines: Line[] = [];
    const rig = await start({ log: listeningLog(lines) });
    rig.behaviours['hang'] = (context) =>
      new Promise((_done, fail) => {
        context.signal.addEventListener('abort', () => fail(new Error('stopped')));
      });
    await rig.register('hang', [{ id: 'a', type: 'act', config: { do: 'hang' } }]);
    await rig.addRunner();
    const ids = await Promise.all(Array.from({ length: 9 }, () => rig.startRun('hang')));
    for (const id of ids) await rig.status(id, 'running');
    const [poisoned = '', ...healthy] = ids;
    const checkpoint = (runId: string, startedAt: number) => ({
      taskId: `${runId}.0.-1.1`,
      runId,
      step: 0,
      item: -1,
      attempt: 1,
      outcome: { kind: 'completed' as const, output: null },
      startedAt,
      finishedAt: 2,
      runner: 'r',
    });
    await rig.bus.publishCheckpoints([
      ...healthy.slice(0, 4).map((id) => checkpoint(id, 1)),
      checkpoint(poisoned, 0.5), // no whole millisecond: bigint refuses it
      ...healthy.slice(4).map((id) => checkpoint(id, 1)),
    ]);
    for (const id of healthy) await rig.status(id, 'completed');
    const named = lines.filter(({ event }) => event === 'run.unwritable');
    expect(named.map(({ fields }) => fields['runId'])).toEqual([poisoned]);
    expect((await rig.run(poisoned)).status).toBe('running');
  });
});
