import { describe, expect, test } from 'vitest';
import { crashEverywhere } from './crash-everywhere.ts';
import type { Role } from './crew.ts';
import { simulate } from './simulation.ts';

describe('simulation: a crash at every await', () => {
  const sweeps: readonly (readonly [Role, number, number])[] = [
    ['controller', 1, 2],
    ['controller', 4, 2],
    ['controller', 6, 7],
    ['runner', 1, 1],
    ['runner', 4, 1],
    ['runner', 6, 5],
  ];
  for (const [role, seed, step] of sweeps) {
    const name = `the ${role} of seed ${seed} dies before each of its operations`;
    test(`${name} → every run ends right`, { timeout: 300_000 }, async () => {
      const { points, reports } = await crashEverywhere(seed, role, { step });
      for (const [index, { violations, crashes }] of reports.entries()) {
        const at = index * step;
        const again = `npm run simulate -- --seed ${seed} --crash ${role} --at ${at}`;
        expect(violations, `again with: ${again}`).toEqual([]);
        expect(crashes).toBe(1);
      }
      expect(points).toBeGreaterThan(20);
    });
  }
});

describe('simulation: a seed is a history', () => {
  test('the same seed twice → the same history, to the event', { timeout: 60_000 }, async () => {
    for (const seed of [7, 36, 1001]) {
      const one = await simulate(seed);
      expect(await simulate(seed)).toEqual(one);
      expect((await simulate(seed + 1)).trace).not.toBe(one.trace);
    }
  });
});
