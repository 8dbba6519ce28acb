import { Crowd, type CrowdEnd } from './crowd.ts';
import { Figures } from './figures.ts';
import { Remote } from './remote.ts';
import { onlySystem, type RowOptions } from './row-options.ts';
import { cpuBetween, cpuOf, machineBusy, percentile } from './usage.ts';

/** Time to put every watcher in its place before the runs' first step, ms. */
const GATE_MS = 12_000;

interface RunEnd {
  readonly id: string;
  readonly finished_at: number;
  readonly status: number;
}

interface Load {
  readonly what: string;
  readonly runs: number;
  readonly steps: number;
}

interface Bench {
  readonly remote: Remote;
  readonly crowd: Crowd;
  readonly figures: Figures;
  readonly watchers: number;
}

/**
 * Watchers by gRPC and SSE, half of them each, on connections of their own: all on one busy run,
 * then each on a run of its own, beside the same work without watchers.
 */
export async function measureWatchers(options: RowOptions, figures: Figures): Promise<void> {
  const watchers = options.isQuick ? 100 : 1000;
  const loads: Load[] = [
    { what: 'one run of 100 steps', runs: 1, steps: 100 },
    { what: `${watchers} runs of 10 steps`, runs: watchers, steps: 10 },
  ];
  const remote = await Remote.start({ ...onlySystem(options), withApi: true });
  let crowd: Crowd | null = null;
  try {
    crowd = new Crowd(await remote.call('server'));
    await remote.call('throughput', { runs: 500, steps: 10 });
    for (let round = 0; round <= options.rounds; round += 1) {
      // The first round warms up the API too: its figures are thrown away.
      const into = round === 0 ? new Figures() : figures;
      for (const load of loads) await measureLoad({ remote, crowd, watchers, figures: into }, load);
    }
  } finally {
    await crowd?.stop();
    await remote.stop();
  }
}

async function measureLoad(bench: Bench, load: Load): Promise<void> {
  const { remote, crowd, figures, watchers } = bench;
  const { what, runs, steps } = load;
  const alone = await runOnce(bench, load, { prepare: nothing, finish: nothing });
  const before = await remote.call('census');
  let ends: readonly CrowdEnd[] = [];
  const prepare = async (ids: readonly string[]): Promise<void> => {
    const began = performance.now();
    await crowd.open(Array.from({ length: watchers }, (_, n) => ids[n % ids.length] ?? ''));
    figures.add(`${what}: ${watchers} watchers in place after, ms`, performance.now() - began);
    tellGrowth(bench, load, { before, after: await remote.call('census') });
  };
  const finish = async (): Promise<void> => {
    ends = await crowd.end();
  };
  const watched = await runOnce(bench, load, { prepare, finish });
  const lateness = ends.map((end) => end.at - (watched.finished.get(end.runId) ?? Number.NaN));
  demandAll(ends, load, watchers);
  figures.add(`${what}: steps/s, nobody watches`, (runs * steps * 1000) / alone.ms);
  figures.add(`${what}: steps/s, ${watchers} watch`, (runs * steps * 1000) / watched.ms);
  figures.add(`${what}: CPU s, nobody watches`, alone.cpu);
  figures.add(`${what}: CPU s, ${watchers} watch`, watched.cpu);
  figures.add(`${what}: CPU s of the watchers and others meanwhile`, watched.others);
  figures.add(
    `${what}: events sent`,
    ends.reduce((sum, { events }) => sum + events, 0),
  );
  figures.add(`${what}: watcher knows the end after, ms p50`, percentile(lateness, 0.5));
  figures.add(`${what}: watcher knows the end after, ms p99`, percentile(lateness, 0.99));
  figures.add(`${what}: watcher knows the end after, ms most`, Math.max(...lateness));
}

const nothing = (): Promise<void> => Promise.resolve();

/** Each saw every event: all watchers of runs of one kind are told the same number of them. */
function demandAll(ends: readonly CrowdEnd[], { what }: Load, watchers: number): void {
  const counts = new Set(ends.map(({ events }) => events));
  if (ends.length === watchers && counts.size === 1) return;
  throw new Error(`${what}: ${ends.length} ends, with ${[...counts].join(', ')} events`);
}

interface Outcome {
  /** From the first step to the last run's end. */
  readonly ms: number;
  readonly cpu: number;
  readonly others: number;
  readonly finished: ReadonlyMap<string, number>;
}

async function runOnce(
  { remote }: Bench,
  { runs, steps }: Load,
  around: { prepare: (ids: readonly string[]) => Promise<void>; finish: () => Promise<void> },
): Promise<Outcome> {
  const at = Date.now() + GATE_MS;
  const ids = await remote.call<string[]>('gated', { runs, steps, at });
  await around.prepare(ids);
  if (Date.now() > at - 500) throw new Error(`not in place within ${GATE_MS} ms`);
  await new Promise((done) => setTimeout(done, at - Date.now() - 100));
  const before = { cpu: cpuOf(remote.pid), busy: machineBusy() };
  const ends = await remote.call<RunEnd[]>('ends');
  // What the watchers are still to be told is part of what they cost.
  await around.finish();
  const cpu = cpuBetween(before.cpu, cpuOf(remote.pid)).total;
  const own = new Set(ids);
  const finished = new Map(ends.filter(({ id }) => own.has(id)).map((e) => [e.id, e.finished_at]));
  const ms = Math.max(...finished.values()) - at;
  return { ms, cpu, others: machineBusy() - before.busy - cpu, finished };
}

type Census = Readonly<Record<string, number>>;

/** What the process of the API holds for each watcher that waits. */
function tellGrowth(bench: Bench, { what }: Load, at: { before: Census; after: Census }): void {
  const { figures, watchers } = bench;
  const name = 'api 1, alive' in at.after ? 'api 1' : 'embedded';
  for (const kind of ['alive', 'PSS']) {
    const key = `${name}, ${kind}`;
    const grown = (at.after[key] ?? 0) - (at.before[key] ?? 0);
    figures.add(
      `${what}: ${kind} in the API's process per watcher, KiB`,
      (grown * 1024) / watchers,
    );
  }
}
