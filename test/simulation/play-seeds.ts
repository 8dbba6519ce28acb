import { describe, expect, test } from 'vitest';
import { simulate } from './simulation.ts';

/** The first seed: another one from time to time finds what this one does not. */
const FIRST = Number(process.env['SIM_SEED'] ?? 1);
/** In all files together; about a tenth of a CPU second each. */
const SEEDS = 400;
const FILES = 4;

/** One file's share of the seeds; the files run side by side. `npm run simulate` plays more. */
export function playSeeds(file: 1 | 2 | 3 | 4): void {
  const share = SEEDS / FILES;
  const begin = FIRST + (file - 1) * share;
  describe('simulation: every run ends right, whatever happens', () => {
    const last = begin + share - 1;
    test(`seeds ${begin} to ${last} → no promise broken`, { timeout: 600_000 }, async () => {
      const sums = { compared: 0, handed: 0, handedAgain: 0 };
      for (let seed = begin; seed <= last; seed += 1) {
        const report = await simulate(seed);
        const again = `npm run simulate -- --seed ${seed}`;
        expect(report.violations, `seed ${seed} failed; again with: ${again}`).toEqual([]);
        sums.compared += report.compared;
        sums.handed += report.handed;
        sums.handedAgain += report.handedAgain;
      }
      expect(sums.compared).toBeGreaterThan(0);
      // Tasks went straight to runners, and some were lost with theirs and sent again.
      expect(sums.handed).toBeGreaterThan(100);
      expect(sums.handedAgain).toBeGreaterThan(0);
    });
  });
}
