import { parseArgs } from 'node:util';
import type { Role } from './crew.ts';
import { simulate, type Report, type SimulationOptions } from './simulation.ts';

const USAGE = `npm run simulate -- [--seeds N] [--seed FIRST] [--runs N]
  plays N histories from the seed FIRST on, or one again
npm run simulate -- --seed N --crash controller|runner [--at OPERATION]
  plays one calm history; the process dies before each of its operations in turn, or before one`;

/** Many histories, or one again. Exits with 1 when a promise was broken. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      seeds: { type: 'string' },
      seed: { type: 'string' },
      runs: { type: 'string' },
      crash: { type: 'string' },
      at: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return console.log(USAGE);
  const seed = Number(values.seed ?? 1);
  const runs = values.runs === undefined ? {} : { runs: Number(values.runs) };
  const totals = new Totals();
  if (values.crash === 'controller' || values.crash === 'runner') {
    await sweep(totals, { seed, role: values.crash, at: values.at, runs });
  } else {
    const count = Number(values.seeds ?? (values.seed === undefined ? 200 : 1));
    for (let each = seed; each < seed + count; each += 1) {
      totals.add(await simulate(each, runs), `--seed ${each}`);
    }
  }
  totals.tell();
}

async function sweep(
  totals: Totals,
  plan: { seed: number; role: Role; at: string | undefined; runs: SimulationOptions },
): Promise<void> {
  const { seed, role, at } = plan;
  const options = { runs: 2, ...plan.runs };
  const play = async (operation: number) => {
    const report = await simulate(seed, { ...options, crash: { role, operation } });
    totals.add(report, `--seed ${seed} --crash ${role} --at ${operation}`);
    return report.operations;
  };
  if (at !== undefined) return void (await play(Number(at)));
  const operations = await play(Infinity);
  for (let operation = 0; operation < operations; operation += 1) await play(operation);
}

const SUMMED = [
  'simulatedMs',
  'events',
  'runs',
  'compared',
  'crashes',
  'starts',
  'exceeded',
  'handed',
  'handedAgain',
] as const;

class Totals {
  readonly #startedAt = performance.now();
  readonly #sums = {
    plays: 0,
    failed: 0,
    simulatedMs: 0,
    events: 0,
    runs: 0,
    compared: 0,
    crashes: 0,
    starts: 0,
    exceeded: 0,
    handed: 0,
    handedAgain: 0,
  };
  #last: Report | null = null;

  add(report: Report, again: string): void {
    const sums = this.#sums;
    sums.plays += 1;
    this.#last = report;
    for (const key of SUMMED) sums[key] += report[key];
    if (report.violations.length === 0) return;
    sums.failed += 1;
    console.log(`failed; again with: npm run simulate -- ${again}`);
    for (const violation of report.violations.slice(0, 5)) console.log(`  ${violation}`);
  }

  tell(): void {
    const { plays, failed, simulatedMs, events, runs, compared, crashes } = this.#sums;
    const { starts, exceeded, handed, handedAgain } = this.#sums;
    if (plays === 1) console.log(this.#last);
    const seconds = ((performance.now() - this.#startedAt) / 1000).toFixed(1);
    const hours = (simulatedMs / 3_600_000).toFixed(1);
    console.log(
      `${plays} histories, ${failed} failed; ${hours} simulated hours in ${seconds} s: ` +
        `${runs} runs (${compared} compared with the oracle), ${events} events, ${crashes} crashes; ` +
        `${exceeded} of ${starts} items of limited fan-outs started above the limit; ` +
        `${handed} tasks went straight to runners, ${handedAgain} were lost with theirs and sent again`,
    );
    if (failed > 0) process.exitCode = 1;
  }
}

await main();
