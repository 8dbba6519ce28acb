import { Crowd } from './crowd.ts';
import type { Figures } from './figures.ts';
import { Remote } from './remote.ts';
import { onlySystem, type RowOptions } from './row-options.ts';
import { percentile } from './usage.ts';
import { warmUp } from './warm-up.ts';

/** Runs that are watched at once, each by one watcher, and time to put all in place, ms. */
const WATCHED = 50;
const GATE_MS = 4000;

/** The same system without and with a million finished runs in its tables, in turn. */
export async function measureHistory(options: RowOptions, figures: Figures): Promise<void> {
  const system = onlySystem(options);
  const count = options.isQuick ? 100_000 : 1_000_000;
  const remotes: Remote[] = [];
  try {
    for (let n = 0; n < 2; n += 1) remotes.push(await Remote.start({ ...system, withApi: true }));
    const [empty, full] = remotes;
    if (empty === undefined || full === undefined) throw new Error('no systems to compare');
    await full.call('history', { count });
    for (const remote of remotes) await warmUp(remote);
    for (let round = 0; round < options.rounds; round += 1) {
      await compareSpeed({ empty, full, count }, figures);
      for (const [remote, what] of [
        [empty, 'no finished runs'],
        [full, `${count} finished runs`],
      ] as const) {
        figures.add(`start-up to ready, ${what}, ms`, (await remote.call('startUp'))['ms'] ?? 0);
        figures.add(`watcher knows the end after, ${what}, ms p50`, await timeWatch(remote));
      }
      for (const [name, ms] of Object.entries(await full.call('lists'))) {
        figures.add(`list of runs over REST, ${name}, ms`, ms);
      }
    }
  } finally {
    for (const remote of remotes) await remote.stop();
  }
}

async function compareSpeed(
  { empty, full, count }: { empty: Remote; full: Remote; count: number },
  figures: Figures,
): Promise<void> {
  const before = await empty.call('throughput', { runs: 1000, steps: 10 });
  const after = await full.call('throughput', { runs: 1000, steps: 10 });
  const [slow = 0, fast = 1] = [after['stepsPerSecond'], before['stepsPerSecond']];
  figures.add('steps/s, no finished runs', fast);
  figures.add(`steps/s, ${count} finished runs`, slow);
  figures.add('  ratio', slow / fast);
  await Promise.all([empty.call('check'), full.call('check')]);
}

/** From the end of a run to the end of its watch, ms: the median of many. */
async function timeWatch(remote: Remote): Promise<number> {
  const crowd = new Crowd(await remote.call('server'));
  try {
    const at = Date.now() + GATE_MS;
    const ids = await remote.call<string[]>('gated', { runs: WATCHED, steps: 10, at });
    await crowd.open(ids);
    const ended = await remote.call<{ id: string; finished_at: number }[]>('ends');
    const finished = new Map(ended.map((each) => [each.id, each.finished_at]));
    const ends = await crowd.end();
    return percentile(
      ends.map((end) => end.at - (finished.get(end.runId) ?? Number.NaN)),
      0.5,
    );
  } finally {
    await crowd.stop();
  }
}
