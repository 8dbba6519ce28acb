import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import type * as Fold from '../../src/engine/fold.ts';
import type * as Plan from '../../src/engine/plan.ts';
import { Dice } from './dice.ts';
import { type Planted, simulate } from './simulation.ts';

const planted = vi.hoisted(() => ({ admitsAll: false, isPlanRandom: false }));

vi.mock('../../src/engine/fold.ts', async (original) => {
  const real = await original<typeof Fold>();
  const admits: typeof Fold.admits = (...args) => planted.admitsAll || real.admits(...args);
  return { ...real, admits };
});

vi.mock('../../src/engine/plan.ts', async (original) => {
  const real = await original<typeof Plan>();
  return { ...real, plan: planInAnyOrder(real.plan) };
});

/** Never wound back: a second play meets other choices, as with a real source of randomness. */
const chaos = new Dice(1);
/** The simulation plays after this. */
const SIMULATED_TIME = Date.UTC(2029, 0, 1);

/** As if decisions came out of a table in no order of its own, some of them twice. */
function planInAnyOrder(real: typeof Plan.plan): typeof Plan.plan {
  return (...args) => {
    const decisions = real(...args);
    const { createdAt } = args[1].identity;
    // The oracle's own runs are of another time, and stay sound.
    if (!planted.isPlanRandom || createdAt < SIMULATED_TIME) return decisions;
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

describe('the test of the test: planted faults are caught', { timeout: 120_000 }, () => {
  afterEach(() => Object.assign(planted, { admitsAll: false, isPlanRandom: false }));

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

  test('no sweeps → some runs are stuck for ever', async () => {
    expect(await caught({ hasNoSweeps: true }, /is stuck|are left in the inbox/)).toBeGreaterThan(
      3,
    );
  });
});
