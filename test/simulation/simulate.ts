import { parseArgs } from 'node:util';
import { simulate, type Report } from './simulation.ts';

/** `npm run simulate -- --seeds 1000 [--seed 42]`: many histories, or one again. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { seeds: { type: 'string' }, seed: { type: 'string' }, runs: { type: 'string' } },
  });
  const first = Number(values.seed ?? 1);
  const count = Number(values.seeds ?? (values.seed === undefined ? 200 : 1));
  const options = values.runs === undefined ? {} : { runs: Number(values.runs) };
  const totals = {
    seeds: 0,
    failed: 0,
    simulatedMs: 0,
    events: 0,
    runs: 0,
    compared: 0,
    crashes: 0,
  };
  const startedAt = performance.now();
  for (let seed = first; seed < first + count; seed += 1) {
    const report = await simulate(seed, options);
    totals.seeds += 1;
    for (const key of ['simulatedMs', 'events', 'runs', 'compared', 'crashes'] as const) {
      totals[key] += report[key];
    }
    if (count === 1) console.log(report);
    if (report.violations.length > 0) {
      totals.failed += 1;
      describe(report);
    }
  }
  const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
  const hours = (totals.simulatedMs / 3_600_000).toFixed(1);
  const { seeds, failed, events, runs, compared, crashes } = totals;
  console.log(
    `${seeds} seeds, ${failed} failed; ${hours} simulated hours in ${seconds} s: ` +
      `${runs} runs (${compared} compared with the oracle), ${events} events, ${crashes} crashes`,
  );
  if (failed > 0) process.exitCode = 1;
}

function describe({ seed, violations }: Report): void {
  console.log(`seed ${seed} failed; again with: npm run simulate -- --seed ${seed}`);
  for (const violation of violations.slice(0, 5)) console.log(`  ${violation}`);
}

await main();
