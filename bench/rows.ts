import { setTimeout as sleep } from 'node:timers/promises';
import { measureColdStart } from './cold-start.ts';
import type { Figures } from './figures.ts';
import { measureHistory } from './measure-history.ts';
import { measureLarge } from './large.ts';
import { measureManifests } from './manifests.ts';
import { Remote } from './remote.ts';
import type { RowOptions } from './row-options.ts';
import { soak } from './soak.ts';
import { warmUp } from './warm-up.ts';
import { measureWatchers } from './watchers.ts';
import { cpuBetween, cpuOf, percentile } from './usage.ts';

type Row = (options: RowOptions, figures: Figures) => Promise<void>;

/** Adding up the memory of ten processes takes 10 ms of one of the two cores. */
const SAMPLE_MS = 1000;

/** Every row of the bar, by the name that the command line takes. */
export const rows: Readonly<Record<string, Row>> = {
  committed: (options, figures) => onAll(options, figures, verifyCommitted),
  throughput: (options, figures) => onAll(options, figures, measureThroughput),
  latency: (options, figures) => onAll(options, figures, measureLatency),
  fanout: (options, figures) => onAll(options, figures, measureFanout),
  idle: (options, figures) => onAll(options, figures, measureIdle),
  memory: (options, figures) => onAll({ ...options, rounds: 1 }, figures, measureMemory),
  size: (options, figures) => onAll(options, figures, measureSizes),
  cold: measureColdStart,
  manifests: measureManifests,
  history: measureHistory,
  watchers: measureWatchers,
  large: measureLarge,
  soak,
};

/** What one round of a row is measured on, and where its figures go. */
interface Round {
  readonly remote: Remote;
  readonly isQuick: boolean;
  readonly add: (name: string, value: number) => void;
}

type Measure = (round: Round) => Promise<void>;

/** Starts each system, warms it up, and measures all of them in turn, round by round. */
async function onAll(options: RowOptions, figures: Figures, measure: Measure): Promise<void> {
  const remotes = new Map<string, Remote>();
  try {
    for (const [name, system] of options.systems) {
      const remote = await Remote.start(system);
      remotes.set(name, remote);
      await warmUp(remote);
    }
    for (let round = 0; round < options.rounds; round += 1) {
      // Each is first once in a while: what comes after a pause pays for it.
      const first = round % remotes.size;
      const turn = [...remotes].slice(first).concat([...remotes].slice(0, first));
      for (const [name, remote] of turn) {
        const prefix = remotes.size === 1 ? '' : `${name}: `;
        const add = (figure: string, value: number) => figures.add(prefix + figure, value);
        await measure({ remote, isQuick: options.isQuick, add });
        await remote.call('check');
      }
    }
  } finally {
    for (const remote of remotes.values()) await remote.stop();
  }
}

/** Each step itself asks Postgres, when it starts, whether all before it are committed. */
async function verifyCommitted({ remote, add, isQuick }: Round): Promise<void> {
  const runs = isQuick ? 50 : 200;
  await remote.call('throughput', { runs, steps: 10, verify: 1 });
  add('steps that saw every output before theirs committed', runs * 10);
}

async function measureThroughput({ remote, add, isQuick }: Round): Promise<void> {
  const [runs, steps] = [isQuick ? 300 : 1000, 10];
  let peak = 0;
  const sampler = setInterval(() => {
    peak = Math.max(peak, remote.memory().total);
  }, SAMPLE_MS);
  try {
    const { answer, cpu, others } = await remote.costed('throughput', { runs, steps });
    const per10k = 10_000 / (runs * steps);
    add('steps/s, all runs at once', answer['stepsPerSecond'] ?? Number.NaN);
    add('CPU s per 10k steps, all processes', cpu.total * per10k);
    add('  of it Node', cpu.node * per10k);
    add('  of it Postgres', cpu.postgres * per10k);
    if (cpu.nats > 0) add('  of it NATS', cpu.nats * per10k);
    add('CPU s per 10k steps that others took meanwhile', others * per10k);
  } finally {
    clearInterval(sampler);
  }
  add('memory of all processes at most, MB', Math.max(peak, remote.memory().total));
}

/** Memory while the same work comes again and again: by program, and what is alive in the client's. */
async function measureMemory({ remote, add, isQuick }: Round): Promise<void> {
  const times = isQuick ? 5 : 20;
  for (let n = 1; n <= times; n += 1) {
    await remote.call('throughput', { runs: 1000, steps: 10 });
    await remote.call('check');
    if (n % 5 !== 0) continue;
    const { total, node, postgres, nats } = remote.memory();
    const after = `after ${n * 10}k steps`;
    add(`${after}: memory of all processes, MB`, total);
    add(`${after}: of it Node`, node);
    add(`${after}: of it Postgres`, postgres);
    if (nats > 0) add(`${after}: of it NATS`, nats);
    add(`${after}: alive in the client's process, MB`, (await remote.call('alive'))['mb'] ?? 0);
  }
}

interface Latencies {
  readonly whole: readonly number[];
  readonly each: readonly number[];
}

async function measureLatency({ remote, add, isQuick }: Round): Promise<void> {
  const runs = isQuick ? 50 : 150;
  const one = await remote.call<Latencies>('latency', { runs, steps: 1 });
  const ten = await remote.call<Latencies>('latency', { runs, steps: 10 });
  if (ten.each.length > 0) {
    add('one step inside a run, ms p50', percentile(ten.each, 0.5));
    add('one step inside a run, ms p99', percentile(ten.each, 0.99));
  }
  add('run of one step, ms p50', percentile(one.whole, 0.5));
  add('run of one step, ms p99', percentile(one.whole, 0.99));
  add('run of ten steps, ms p50', percentile(ten.whole, 0.5));
  add('run of ten steps, ms p99', percentile(ten.whole, 0.99));
  // Start and end cost the same in both; what is left is nine steps.
  const nine = percentile(ten.whole, 0.5) - percentile(one.whole, 0.5);
  add('one step more, ms (ten steps less one, a ninth)', nine / 9);
}

/** What a system takes that has nothing to do: beats, requests for work, sweeps. */
async function measureIdle({ remote, add, isQuick }: Round): Promise<void> {
  const seconds = isQuick ? 5 : 20;
  await sleep(3000);
  const before = cpuOf(remote.pid);
  await sleep(1000 * seconds);
  const { total, node, postgres, nats } = cpuBetween(before, cpuOf(remote.pid));
  add('CPU ms a second, idle', (1000 * total) / seconds);
  add('  of it Node', (1000 * node) / seconds);
  add('  of it Postgres', (1000 * postgres) / seconds);
  if (nats > 0) add('  of it NATS', (1000 * nats) / seconds);
}

async function measureFanout({ remote, add }: Round): Promise<void> {
  const { answer, cpu } = await remote.costed('fanout', { count: 1000 });
  add('fan-out of 1,000, ms', answer['ms'] ?? Number.NaN);
  add('fan-out of 1,000, CPU s per 10k', cpu.total * 10);
}

interface Work {
  readonly what: string;
  readonly units: number;
  readonly name: 'throughput' | 'fanout';
  readonly args: Readonly<Record<string, number>>;
}

/** What a step costs in runs of very different size. */
async function measureSizes(round: Round): Promise<void> {
  const small = round.isQuick ? 300 : 1000;
  const long = round.isQuick ? 1000 : 10_000;
  const wide = round.isQuick ? [1000, 10_000] : [1000, 10_000, 100_000];
  const inRows = (runs: number, steps: number): Work => ({
    what: `${runs} run(s) × ${steps} in a row`,
    units: runs * steps,
    name: 'throughput',
    args: { runs, steps },
  });
  const sideBySide = (count: number): Work => ({
    what: `1 run × ${count} side by side`,
    units: count,
    name: 'fanout',
    args: { count },
  });
  const rowsOfOne = [10, 100, 1000, long].map((steps) => inRows(1, steps));
  for (const work of [inRows(small, 10), ...rowsOfOne, ...wide.map(sideBySide)]) {
    await costOf(round, work);
  }
}

async function costOf({ remote, add }: Round, { what, units, name, args }: Work): Promise<void> {
  const { steps = 10 } = args;
  await remote.call('prepare', { steps });
  const began = performance.now();
  const { cpu } = await remote.costed(name, args);
  add(`${what}: ms per step`, (performance.now() - began) / units);
  // Short work is below what the kernel counts in.
  if (units >= 1000) add(`${what}: CPU s per 10k`, (cpu.total / units) * 10_000);
}
