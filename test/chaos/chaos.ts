import { parseArgs } from 'node:util';
import { embeddedStorm } from './embedded-storm.ts';
import { isGood, printReport, type StormReport } from './report.ts';
import { distributedStorm } from './storm.ts';

const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '500' },
    steps: { type: 'string', default: '10' },
    seconds: { type: 'string', default: '240' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
    dense: { type: 'boolean', default: false },
    kills: { type: 'string', default: '20' },
    blow: { type: 'string', default: '' },
    logs: { type: 'string' },
    only: { type: 'string', default: '' },
  },
});

// Ended by a signal, it still runs the exit handlers that end its processes.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(130));

const startedAt = Date.now();
const say = (line: string): void => {
  const seconds = ((Date.now() - startedAt) / 1000).toFixed(1).padStart(6);
  console.log(line === '' || line.startsWith('|') ? line : `${seconds} s  ${line}`);
};

const seed = Number(values.seed);
const common = { seed, runs: Number(values.runs), steps: Number(values.steps), say };
say(`seed ${seed}`);
const reports: StormReport[] = [];
if (values.only !== 'embedded') {
  say('two controllers, three runners, an API, nats-server and Postgres');
  const { blow, logs } = values;
  const kept = logs === undefined ? {} : { logs };
  const storm = {
    ...common,
    ...kept,
    blow,
    seconds: Number(values.seconds),
    measured: !values.dense,
  };
  const report = await distributedStorm(storm);
  if (report === null) throw new Error('there is no nats-server program to be killed');
  printReport(report, say);
  reports.push(report);
}
if (values.only !== 'distributed') {
  say(`behest up on its embedded database, killed ${values.kills} times`);
  const report = await embeddedStorm({ ...common, kills: Number(values.kills) });
  printReport(report, say);
  reports.push(report);
}
process.exitCode = reports.every(isGood) ? 0 : 1;
