// Measures every row of the bar: `npm run bench -- [ROW…] [--nats] [--rounds N] [--quick]
// [--steps N] [--controllers N] [--runners N] [--json FILE] [--against COMMIT] [--profiles FOLDER]`.
// `manifests`, `history`, `watchers`, `large` and `soak` measure today's system only.
import { mkdir, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { checkOut } from './earlier-commit.ts';
import { Figures } from './figures.ts';
import { machine } from './machine.ts';
import { programsOf } from './programs.ts';
import type { RemoteOptions } from './remote.ts';
import { rows } from './rows.ts';

const repository = resolve(import.meta.dirname, '..');
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    nats: { type: 'boolean', default: false },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '5' },
    steps: { type: 'string' },
    controllers: { type: 'string', default: '1' },
    runners: { type: 'string', default: '1' },
    json: { type: 'string' },
    against: { type: 'string' },
    profiles: { type: 'string' },
  },
});

/** The soak takes long and is only run when it is named. */
const usual = Object.keys(rows).filter((name) => name !== 'soak');
const wanted = positionals.length === 0 ? usual : positionals;
for (const name of wanted) {
  if (rows[name] !== undefined) continue;
  throw new Error(`row "${name}": expected one of ${Object.keys(rows).join(', ')}`);
}

const system: RemoteOptions = {
  repository,
  programs: await programsOf(repository),
  mode: values.nats ? 'nats' : 'embedded',
  controllers: Number(values.controllers),
  runners: Number(values.runners),
  ...(values.profiles === undefined ? {} : { profiles: resolve(values.profiles) }),
};
if (system.profiles !== undefined) await mkdir(system.profiles, { recursive: true });
const earlier = values.against === undefined ? null : await checkOut(repository, values.against);
try {
  await measureAll(earlier?.path ?? null);
} finally {
  await earlier?.remove();
}

async function measureAll(earlierPath: string | null): Promise<void> {
  const systems = new Map([['now', system]]);
  if (earlierPath !== null) {
    const programs = await programsOf(earlierPath);
    systems.set(values.against ?? 'earlier', { ...system, repository: earlierPath, programs });
  }
  const about = { ...machine(), mode: modeText(), rounds: values.rounds };
  for (const [name, text] of Object.entries(about)) console.log(`${name}: ${text}`);
  const results: Record<string, Figures['summary']> = {};
  for (const name of wanted) {
    const figures = new Figures();
    console.log(`\n${name}`);
    const steps = values.steps === undefined ? {} : { steps: Number(values.steps) };
    const options = { systems, rounds: Number(values.rounds), isQuick: values.quick, ...steps };
    try {
      await rows[name]?.(options, figures);
    } finally {
      figures.print();
    }
    results[name] = figures.summary;
  }
  if (values.json === undefined) return;
  await writeFile(values.json, `${JSON.stringify({ about, results }, null, 2)}\n`);
}

function modeText(): string {
  if (!values.nats) return 'embedded: one process and its Postgres';
  const { controllers, runners } = values;
  return `Postgres, NATS, ${controllers} controller(s), ${runners} runner(s), and the client`;
}
