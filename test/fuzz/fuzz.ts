import { parseArgs } from 'node:util';
import { fireManifests } from './manifests/volley.ts';

const usage = `npm run fuzz -- manifests [--runs 200000] [--seed 1] [--only NUMBER] [--seeds FOLDER]`;

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
  const faults = await fireManifests({ seed, from, to, seeds: values.seeds ?? null });
  for (const { index, label, fault } of faults) console.log(`#${index} ${label}\n  ${fault}`);
  const seconds = ((performance.now() - began) / 1000).toFixed(0);
  const cpu = (process.cpuUsage().user / 1e6).toFixed(0);
  console.log(
    `${to - from} manifests of seed ${seed} in ${seconds} s (${cpu} CPU s): ${faults.length} faults`,
  );
  if (faults.length > 0) process.exitCode = 1;
}

await main();
