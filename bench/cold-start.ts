import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startEmbeddedPostgres } from '../src/store/embedded/start-embedded-postgres.ts';
import { freePort } from '../test/services/free-port.ts';
import { localNats } from '../test/services/nats.ts';
import type { Figures } from './figures.ts';
import type { RowOptions } from './row-options.ts';
import { end } from './start-role.ts';
import { memoryOf } from './usage.ts';

const POLL_MS = 5;
const LIMIT_MS = 60_000;

export interface Place {
  readonly program: string;
  readonly folder: string;
  readonly port: number;
  /** `up` alone, or one process for each of the others. */
  readonly roles: readonly string[];
  readonly servers: Readonly<Record<string, string>>;
}

/**
 * From the start of Behest, its data present, to the end of a run of ten steps: of `behest up`, or
 * of an API, a controller and a runner at once beside a Postgres and a NATS that run already.
 */
export async function measureColdStart(options: RowOptions, figures: Figures): Promise<void> {
  for (const [name, { programs, mode }] of options.systems) {
    const folder = await mkdtemp(join(tmpdir(), 'behest-cold-'));
    const prefix = options.systems.size === 1 ? '' : `${name}: `;
    const endings: (() => Promise<void>)[] = [];
    try {
      await chmod(folder, 0o755);
      await mkdir(join(folder, 'source'));
      await writeFile(join(folder, 'source', 'ten.yaml'), TEN);
      const servers = mode === 'nats' ? await startServers(folder, endings) : {};
      const roles = mode === 'nats' ? ['api', 'controller', 'runner'] : ['up'];
      const place = { program: programs.role, folder, port: await freePort(), roles, servers };
      figures.add(`${prefix}first start of all, ms`, (await startOnce(place)).ended);
      for (let round = 0; round < options.rounds + 2; round += 1) {
        const { ready, ended, memory } = await startOnce(place);
        figures.add(`${prefix}cold start to ready, ms`, ready);
        figures.add(`${prefix}cold start to the end of a 10-step run, ms`, ended);
        figures.add(`${prefix}memory of \`${roles.join('`, `')}\` after it, MB`, memory);
      }
    } finally {
      for (const undo of endings.toReversed()) await undo();
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function startServers(
  folder: string,
  endings: (() => Promise<void>)[],
): Promise<Record<string, string>> {
  const postgres = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
  endings.push(() => postgres.stop());
  const nats = await localNats();
  if (nats === null) throw new Error('--nats needs the program nats-server on the PATH');
  endings.push(() => nats.stop());
  return { DATABASE_URL: postgres.url, NATS_URL: nats.url };
}

async function startOnce(place: Place): Promise<{ ready: number; ended: number; memory: number }> {
  const began = performance.now();
  const children = place.roles.map((role) => launch(place, role));
  try {
    const url = `http://127.0.0.1:${place.port}`;
    const isReady = async () => ((await fetch(`${url}/ready`)).ok ? true : undefined);
    await poll(children, isReady);
    const ready = performance.now() - began;
    const id = await poll(children, () => execute(url, place.folder));
    await poll(children, () => isCompleted(url, place.folder, id));
    const ended = performance.now() - began;
    const memory = children.reduce((sum, { pid = 0 }) => sum + memoryOf(pid).total, 0);
    return { ready, ended, memory };
  } finally {
    await Promise.all(children.map(end));
  }
}

/** From the start of `behest up` on a database that others use too until it is ready, ms. */
export async function timeStartUp(place: Omit<Place, 'port' | 'roles'>): Promise<number> {
  const port = await freePort();
  const began = performance.now();
  const child = launch({ ...place, port, roles: ['up'] }, 'up');
  try {
    const url = `http://127.0.0.1:${port}/ready`;
    await poll([child], async () => ((await fetch(url)).ok ? true : undefined));
    return performance.now() - began;
  } finally {
    await end(child);
  }
}

function launch({ program, folder, port, servers }: Place, role: string): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [program, role], {
    cwd: folder,
    env: {
      PATH,
      HOME,
      PORT: String(port),
      LOG_FORMAT: 'json',
      BEHEST_DATA_DIR: join(folder, 'data'),
      BEHEST_SOURCE: join(folder, 'source'),
      BEHEST_SOURCE_ALLOW_EMPTY: 'true',
      ...servers,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(join(folder, `${role}.log`), { flags: 'a' });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  return child;
}

async function tokenIn(folder: string): Promise<string> {
  return (await readFile(join(folder, 'data', 'token'), 'utf8')).trim();
}

async function execute(url: string, folder: string): Promise<string | undefined> {
  const token = await tokenIn(folder);
  const answer = await fetch(`${url}/workflows/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ workflow_id: 'ten', input: {} }),
  });
  const body = (await answer.json()) as { job_id?: string };
  if (!answer.ok) throw new Error(`${answer.status} ${JSON.stringify(body)}`);
  return body.job_id;
}

async function isCompleted(url: string, folder: string, id: string): Promise<true | undefined> {
  const headers = { authorization: `Bearer ${await tokenIn(folder)}` };
  const answer = await fetch(`${url}/workflows/execution/${id}`, { headers });
  const { status } = (await answer.json()) as { status?: string };
  if (status === 'failed' || status === 'cancelled') throw new Error(`run ${id} is ${status}`);
  return status === 'completed' ? true : undefined;
}

async function poll<T>(
  children: readonly ChildProcess[],
  probe: () => Promise<T | undefined>,
): Promise<T> {
  const limit = performance.now() + LIMIT_MS;
  let last: unknown = 'no answer';
  while (performance.now() < limit) {
    const gone = children.find(({ exitCode }) => exitCode !== null);
    if (gone !== undefined) throw new Error(`a role ended with ${gone.exitCode}`);
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (error) {
      last = error;
    }
    await sleep(POLL_MS);
  }
  throw new Error(`not within ${LIMIT_MS / 1000} s; last: ${String(last)}`);
}

const TEN = `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: ten }
spec:
  steps:
${Array.from({ length: 10 }, (_, index) => step(index)).join('\n')}
`;

function step(index: number): string {
  const n = index === 0 ? '0' : `"{{ s${index - 1}.output.n }}"`;
  const needs = index === 0 ? '' : `, needs: [s${index - 1}]`;
  return `    - { id: s${index}, type: noop, config: { n: ${n} }${needs} }`;
}
