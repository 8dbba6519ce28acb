import { describe, expect, test } from 'vitest';
import { simulate } from './simulation.ts';

const SEEDS = Number(process.env['SIMULATION_SEEDS'] ?? 200);
const PER_TEST = 25;

/** The whole system, with crashes, loss, duplicates and delays; `npm run simulate` plays more of it. */
describe('simulation: every run ends right, whatever happens', () => {
  for (let first = 1; first <= SEEDS; first += PER_TEST) {
    const last = Math.min(SEEDS, first + PER_TEST - 1);
    test(`seeds ${first} to ${last} → no promise broken`, { timeout: 120_000 }, async () => {
      let compared = 0;
      for (let seed = first; seed <= last; seed += 1) {
        const report = await simulate(seed);
        const again = `npm run simulate -- --seed ${seed}`;
        expect(report.violations, `again with: ${again}`).toEqual([]);
        compared += report.compared;
      }
      expect(compared).toBeGreaterThan(0);
    });
  }

  test('the same seed twice → the same history, to the event', async () => {
    for (const seed of [7, 36, 1001]) {
      const one = await simulate(seed);
      expect(await simulate(seed)).toEqual(one);
    }
  });
});
