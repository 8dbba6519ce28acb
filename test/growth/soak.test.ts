import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { growthOf, isGrowing } from '../../bench/slope.ts';
import { natsService } from '../services/nats.ts';

const run = promisify(execFile);
const bench = join(import.meta.dirname, '../../bench/bench.ts');
const nats = await natsService();
await nats?.stop();

/** The short form of `npm run bench -- soak`; rejects when a process' memory goes on growing. */
async function soak(...args: string[]): Promise<string> {
  const { stdout } = await run(process.execPath, [bench, 'soak', ...args]);
  return stdout;
}

describe('load in fast motion: every kind of run, watchers, lists, cancels, new versions', () => {
  test('embedded → all runs end as they should, and memory is flat', async () => {
    const told = await soak('--steps', '100000');
    expect(told).toMatch(/embedded, alive: growth, MB per million steps/);
  }, 240_000);

  test.skipIf(nats === null)(
    'Postgres and NATS → the same in every process',
    async () => {
      const told = await soak('--steps', '80000', '--nats');
      for (const name of ['api 1', 'controller 1', 'runner 1', 'NATS']) {
        expect(told).toMatch(new RegExp(`${name}, .*: growth, MB per million steps`));
      }
    },
    240_000,
  );
});

describe('the judge of growth', () => {
  const samples = (grow: number, noise: number) =>
    Array.from({ length: 8 }, (_, n) => ({
      millions: n / 50,
      mb: 50 + (grow * n) / 50 + (n % 2 === 0 ? noise : -noise),
    }));

  test.each([
    [0, 1, false],
    [30, 0.3, false],
    [100, 0.3, true],
  ])('%i MB per million steps, ± %f MB → growing: %s', (grow, noise, expected) => {
    const growth = growthOf('a process', samples(grow, noise), 40);
    expect(isGrowing(growth)).toBe(expected);
    expect(growth.slope).toBeGreaterThan(grow - 30);
    expect(growth.slope).toBeLessThan(grow + 30);
  });
});
