import { parseArgs } from 'node:util';
import { fireManifests } from './manifests/volley.ts';

const usage = `npm run fuzz -- manifests [--runs 200000] [--seed 1] [--only NUMBER] [--seeds FOLDER]`;

/** Inputs of one thread, after which it says how far it is. */
const CHUNK = 10_000;

/** The long form of the fuzz tests. The same seed makes the same inputs. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      runs: { type: 'string', default: '200000' },
      seed: { type: 'string', default: '1' },
      only: { type: 'string' },
      seeds: { type: 'string' },
    },
  });
  if (positionals[0] !== 'manifests') throw new Error(usage);
  const seed = Number(values.seed);
  const from = Number(values.only ?? 0);
  const to = values.only === undefined ? Number(values.runs) : from + 1;
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

await main();
