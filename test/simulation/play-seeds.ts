import { describe, expect, test } from 'vitest';
import { simulate } from './simulation.ts';

/** The first seed: another one from time to time finds what this one does not. */
const FIRST = Number(process.env['SIM_SEED'] ?? 1);
const PER_TEST = 20;
/** In all files together; about a tenth of a CPU second each. */
const SEEDS = 400;
const FILES = 4;

/** One file's share of the seeds; the files run side by side. `npm run simulate` plays more. */
export function playSeeds(file: 1 | 2 | 3 | 4): void {
  const share = SEEDS / FILES;
  const begin = FIRST + (file - 1) * share;
  describe('simulation: every run ends right, whatever happens', () => {
    for (let first = begin; first < begin + share; first += PER_TEST) {
      const last = first + PER_TEST - 1;
      test(`seeds ${first} to ${last} → no promise broken`, { timeout: 300_000 }, async () => {
        let compared = 0;
        for (let seed = first; seed <= last; seed += 1) {
          const report = await simulate(seed);
          const again = `npm run simulate -- --seed ${seed}`;
          expect(report.violations, `seed ${seed} failed; again with: ${again}`).toEqual([]);
          compared += report.compared;
        }
        expect(compared).toBeGreaterThan(0);
      });
    }
  });
}
