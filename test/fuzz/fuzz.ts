import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { fireManifests } from './manifests/volley.ts';

const usage = `npm run fuzz -- manifests [--runs 200000] [--seed 1] [--only NUMBER] [--seeds FOLDER]
npm run fuzz -- api [--runs 100000] [--seed 1]`;

/** Inputs of one thread, after which it says how far it is. */
const CHUNK = 10_000;

/** The long form of the fuzz tests. The same seed makes the same inputs. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      seeds: { type: 'string' },
    },
  });
  const seed = Number(values.seed);
  if (positionals[0] === 'api') return fireApi(values.runs ?? '100000', values.seed);
  if (positionals[0] !== 'manifests') throw new Error(usage);
  const from = Number(values.only ?? 0);
  const to = values.only === undefined ? Number(values.runs ?? 200_000) : from + 1;
  const began = performance.now();
  let faults = 0;
  for (let next = from; next < to; next += CHUNK) {
    const share = { seed, from: next, to: Math.min(to, next + CHUNK), seeds: values.seeds ?? null };
    const found = await fireManifests(share);
    for (const { index, label, fault } of found) console.log(`#${index} ${label}\n  ${fault}`);
    faults += found.length;
    console.log(`${share.to - from} read, ${faults} faults`);
  }
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const cpu = (process.cpuUsage().user / 1e6).toFixed(0);
  console.log(
    `${to - from} manifests of seed ${seed} in ${seconds} s (${cpu} CPU s): ${faults} faults`,
  );
  if (faults > 0) process.exitCode = 1;
}

/** The same test as in the suite, longer: it needs the services that the suite starts. */
function fireApi(runs: string, seed: string): void {
  const vitest = join(import.meta.dirname, '../../node_modules/vitest/vitest.mjs');
  const env = { ...process.env, FUZZ_RUNS: runs, FUZZ_SEED: seed };
  const args = [vitest, 'run', 'test/fuzz/api.test.ts'];
  process.exitCode = spawnSync(process.execPath, args, { stdio: 'inherit', env }).status ?? 1;
}

await main();
