// A process that holds one system under test; `bench.ts` drives it by messages.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { aliveMb } from './alive.ts';
import { census } from './census.ts';
import { checkChains, checkFan } from './check-ledger.ts';
import { timeStartUp } from './cold-start.ts';
import { fillHistory } from './history.ts';
import { measureLists } from './lists.ts';
import { SoakLoad } from './soak-load.ts';
import { startSystem, type SystemOptions } from './system.ts';

export interface Call {
  readonly id: number;
  readonly name: keyof typeof calls;
  readonly args: Readonly<Record<string, number>>;
}

const options = JSON.parse(process.argv[2] ?? '{}') as SystemOptions;
process.chdir(options.folder);
const system = await startSystem(options);
const { client } = system;
const load = new SoakLoad(system, process.env['BEHEST_SOURCE'] ?? '');

/** Runs of the last calls that are still to be held against the ledger. */
let unchecked: { ids: string[]; steps: number }[] = [];

const calls = {
  async throughput({ runs = 1, steps = 1, verify = 0 }) {
    const began = performance.now();
    const ids = await client.throughput(runs, steps, verify === 1);
    const seconds = (performance.now() - began) / 1000;
    unchecked.push({ ids, steps });
    return { seconds, stepsPerSecond: (runs * steps) / seconds };
  },
  async latency({ runs = 1, steps = 1 }) {
    const whole: number[] = [];
    const each: number[] = [];
    const ids: string[] = [];
    for (let n = 0; n < runs; n += 1) {
      const one = await client.runOne(steps);
      ids.push(one.id);
      whole.push(one.ms);
      for (let at = 1; at < one.marks.length; at += 1) {
        each.push((one.marks[at] ?? 0) - (one.marks[at - 1] ?? 0));
      }
    }
    unchecked.push({ ids, steps });
    return { whole, each };
  },
  async fanout({ count = 1 }) {
    const { id, ms } = await client.fanout(count);
    await checkFan(client.sql, id, count);
    return { ms };
  },
  async check() {
    for (const { ids, steps } of unchecked) await checkChains(client.sql, ids, steps);
    const checked = unchecked.reduce((sum, { ids }) => sum + ids.length, 0);
    unchecked = [];
    return { checked };
  },
  async prepare({ steps = 1 }) {
    await client.chain(steps);
    return {};
  },
  async history({ count = 1 }) {
    await fillHistory(client.sql, await client.chain(10), count);
    return {};
  },
  async lists() {
    return measureLists(system);
  },
  async startUp() {
    const folder = join(options.folder, 'beside');
    await mkdir(join(folder, 'source'), { recursive: true });
    const servers = { DATABASE_URL: process.env['DATABASE_URL'] ?? '' };
    return { ms: await timeStartUp({ program: options.programs.role, folder, servers }) };
  },
  async alive() {
    return { mb: aliveMb() };
  },
  async slice({ hundreds = 1, isNew = 1 }) {
    return { steps: await load.slice(hundreds, isNew === 1) };
  },
  async census() {
    return census(system);
  },
  async server() {
    const folder = process.env['BEHEST_DATA_DIR'] ?? '';
    return { url: system.apiUrl, token: (await readFile(join(folder, 'token'), 'utf8')).trim() };
  },
  async gated({ runs = 1, steps = 1, at = 0 }) {
    return client.gated({ runs, steps, at });
  },
  async ends() {
    await client.allEnd();
    const rows = await client.sql<{ id: string; finished_at: number; status: number }[]>`
      select r.id, r.finished_at, r.status::int4
      from run r
      join version v on v.id = r.version_id
      join workflow w on w.id = v.workflow_id
      where w.name like 'gated-%'`;
    return rows;
  },
  async countWorkflows() {
    const [row] = await client.sql<{ count: number; newest: number }[]>`
      select count(*)::int4 as count, coalesce(max(version_number), 0) as newest from workflow`;
    return { count: row?.count ?? 0, newest: row?.newest ?? 0 };
  },
  async stop() {
    await system.stop();
    setImmediate(() => process.exit());
    return {};
  },
};

process.on('message', (call: Call) => {
  calls[call.name](call.args).then(
    (result) => process.send?.({ id: call.id, result }),
    (error: Error) => process.send?.({ id: call.id, error: error.stack }),
  );
});
process.on('disconnect', () => void calls.stop());
process.send?.({ isReady: true });
