import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import type * as Fold from '../../src/engine/fold.ts';
import type * as Plan from '../../src/engine/plan.ts';
import type { RunChange } from '../../src/controller/ports.ts';
import type * as HeldItems from '../../src/controller/held-items.ts';
import { NO_ITEM } from '../../src/task/task.ts';
import { crashEverywhere } from './crash-everywhere.ts';
import { Dice } from './dice.ts';
import { MemoryLedger, type Reach } from './memory-ledger.ts';
import type { MemoryStore } from './memory-store.ts';
import { type Planted, simulate } from './simulation.ts';
import { takeOverFanOut } from './take-over-fan-out.ts';

const planted = vi.hoisted(() => ({
  admitsAll: false,
  isPlanRandom: false,
  isStepForgotten: false,
  isNothingHeld: false,
}));

vi.mock('../../src/engine/fold.ts', async (original) => {
  const real = await original<typeof Fold>();
  const admits: typeof Fold.admits = (...args) => planted.admitsAll || real.admits(...args);
  return { ...real, admits };
});

vi.mock('../../src/engine/plan.ts', async (original) => {
  const real = await original<typeof Plan>();
  return { ...real, plan: forgetful(planInAnyOrder(real.plan)) };
});

vi.mock('../../src/controller/held-items.ts', async (original) => {
  const real = await original<typeof HeldItems>();
  const countHeldItems: typeof HeldItems.countHeldItems = (...args) =>
    planted.isNothingHeld
      ? Promise.resolve({ unknown: new Set(), broken: new Map() })
      : real.countHeldItems(...args);
  return { countHeldItems };
});

/** As if the engine overlooked one step: sound in itself, but not what the graph says. */
function forgetful(real: typeof Plan.plan): typeof Plan.plan {
  return (...args) =>
    real(...args).map((decision) => {
      const isIt = decision.kind === 'dispatch' && decision.step === 1;
      if (!planted.isStepForgotten || !isIt || decision.item !== NO_ITEM) return decision;
      return { kind: 'skip', step: decision.step, reason: 'when' };
    });
}

/** Never wound back: a second play meets other choices, as with a real source of randomness. */
const chaos = new Dice(1);
/** As if decisions came out of a table in no order of its own, some of them twice. */
function planInAnyOrder(real: typeof Plan.plan): typeof Plan.plan {
  return (...args) => {
    const decisions = real(...args);
    if (!planted.isPlanRandom) return decisions;
    const doubled = decisions.filter(({ kind }) => kind === 'dispatch' && chaos.chance(0.02));
    return [...decisions, ...doubled].toSorted(() => chaos.next() - 0.5);
  };
}

/** As if the handler acknowledged what it takes before it has recorded it. */
function ackAtOnce(bus: Bus): Bus {
  const consumeCheckpoints: Bus['consumeCheckpoints'] = (options, handler) =>
    bus.consumeCheckpoints(options, (batch) => {
      for (const delivery of batch) delivery.ack();
      handler(batch);
    });
  return new Proxy(bus, {
    get: (target, name) => {
      if (name === 'consumeCheckpoints') return consumeCheckpoints;
      const member: unknown = Reflect.get(target, name);
      return typeof member === 'function' ? member.bind(target) : member;
    },
  });
}

const SOUND = { ...planted };

/** As if the controller went on without waiting for the ledger's answer. */
class HastyLedger extends MemoryLedger {
  override commitRuns(changes: readonly RunChange[]) {
    super.commitRuns(changes).catch(() => undefined);
    return Promise.resolve(new Set(changes.map(({ id }) => id)));
  }
}

/** As if requests left the inbox in a statement of their own, before what follows from them. */
class TwoStatements extends MemoryLedger {
  readonly #store: MemoryStore;

  constructor(store: MemoryStore, line: Reach) {
    super(store, line);
    this.#store = store;
  }

  override async commitRuns(changes: readonly RunChange[]) {
    this.#store.dropRequests(changes.flatMap(({ answered }) => answered));
    return await super.commitRuns(changes);
  }
}

const SEEDS = Array.from({ length: 15 }, (_, index) => index + 1);

/** How many of the seeds show the fault; `sign` is what it looks like. */
async function caught(fault: Planted, sign: RegExp): Promise<number> {
  let count = 0;
  for (const seed of SEEDS) {
    const { violations } = await simulate(seed, { planted: fault });
    if (violations.some((violation) => sign.test(violation))) count += 1;
  }
  return count;
}

describe('the test of the test: planted faults are caught', { timeout: 300_000 }, () => {
  afterEach(() => Object.assign(planted, SOUND));

  test('nothing is planted → nothing is caught', async () => {
    expect(await caught({}, /./)).toBe(0);
  });

  test('the ledger does not compare sequence numbers → writes over each other are seen', async () => {
    expect(await caught({ isUnguarded: true }, /written as if at/)).toBeGreaterThan(3);
  });

  test('every checkpoint is admitted → one is applied twice', async () => {
    planted.admitsAll = true;
    expect(await caught({}, /applied twice/)).toBeGreaterThan(3);
  });

  test('decisions come in a random order, some twice → sent twice, and no replay', async () => {
    planted.isPlanRandom = true;
    expect(await caught({}, /same task twice/)).toBeGreaterThan(3);
    let different = 0;
    for (const seed of SEEDS) {
      const [one, two] = [await simulate(seed), await simulate(seed)];
      if (one.trace !== two.trace) different += 1;
    }
    expect(different).toBeGreaterThan(3);
  });

  test('checkpoints are acknowledged before the commit → seen at the acknowledgement', async () => {
    expect(await caught({ busOf: ackAtOnce }, /acknowledged before/)).toBeGreaterThan(3);
  });

  test('the answer of the ledger is not waited for → tasks go out before their reason', async () => {
    const ledgerOf: Planted['ledgerOf'] = (store, line) => new HastyLedger(store, line);
    const sign = /before what it needs was recorded|acknowledged before/;
    expect(await caught({ ledgerOf }, sign)).toBeGreaterThan(3);
  });

  test('a step is forgotten → the oracle, which knows no engine, says so', async () => {
    planted.isStepForgotten = true;
    expect(await caught({}, /otherwise than the oracle/)).toBeGreaterThan(3);
  });

  test('what the transport holds is not asked → more items than maxParallel', async () => {
    planted.isNothingHeld = true;
    const { world } = await takeOverFanOut();
    expect(world.checker.violations.join()).toMatch(/items at once/);
  });

  test('requests leave the inbox before the commit → only a crash in between shows it', async () => {
    const ledgerOf: Planted['ledgerOf'] = (store, line) => new TwoStatements(store, line);
    const play = (operation: number) =>
      simulate(5, { runs: 2, planted: { ledgerOf }, crash: { role: 'controller', operation } });
    const whole = await play(Infinity);
    expect(whole.violations).toEqual([]);
    const { points, reports } = await crashEverywhere(5, 'controller', { planted: { ledgerOf } });
    const found = reports.filter(({ violations }) => violations.length > 0);
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThan(points / 5);
  });

  test('a runner that died is believed alive for ever → what it was handed stays undone', async () => {
    const handed = { believesForEver: true };
    const { points, reports } = await crashEverywhere(6, 'runner', {
      step: 12,
      planted: { handed },
    });
    const stuck = reports.filter(({ violations }) =>
      violations.some((each) => /is stuck/.test(each)),
    );
    expect(stuck.length).toBeGreaterThan(points / 2);
  });

  test('no sweeps → some runs are stuck for ever', async () => {
    expect(await caught({ hasNoSweeps: true }, /is stuck|are left in the inbox/)).toBeGreaterThan(
      3,
    );
  });
});
