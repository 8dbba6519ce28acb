import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Figures } from './figures.ts';
import type { RowOptions } from './rows.ts';
import { end } from './start-role.ts';
import { memoryOf } from './usage.ts';

const POLL_MS = 5;
const LIMIT_MS = 60_000;

interface Place {
  readonly repository: string;
  readonly folder: string;
  readonly port: number;
}

/** From the start of `behest up`, its data directory present, to the end of a run of ten steps. */
export async function measureColdStart(options: RowOptions, figures: Figures): Promise<void> {
  for (const [name, { repository }] of options.systems) {
    const folder = await mkdtemp(join(tmpdir(), 'behest-cold-'));
    const prefix = options.systems.size === 1 ? '' : `${name}: `;
    try {
      await chmod(folder, 0o755);
      await mkdir(join(folder, 'source'));
      await writeFile(join(folder, 'source', 'ten.yaml'), TEN);
      const place = { repository, folder, port: await freePort() };
      figures.add(`${prefix}start with no data directory, ms`, (await startOnce(place)).ended);
      for (let round = 0; round < options.rounds + 2; round += 1) {
        const { ready, ended, memory } = await startOnce(place);
        figures.add(`${prefix}cold start to ready, ms`, ready);
        figures.add(`${prefix}cold start to the end of a 10-step run, ms`, ended);
        figures.add(`${prefix}memory of \`behest up\` after it, MB`, memory);
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
}

async function startOnce(place: Place): Promise<{ ready: number; ended: number; memory: number }> {
  const began = performance.now();
  const child = launch(place);
  try {
    const url = `http://127.0.0.1:${place.port}`;
    await poll(child, async () => ((await fetch(`${url}/ready`)).ok ? true : undefined));
    const ready = performance.now() - began;
    const id = await poll(child, () => execute(url, place.folder));
    await poll(child, () => isCompleted(url, id));
    const ended = performance.now() - began;
    return { ready, ended, memory: memoryOf(child.pid ?? 0).total };
  } finally {
    await end(child);
  }
}

function launch({ repository, folder, port }: Place): ChildProcess {
  const { PATH = '', HOME = '' } = process.env;
  const child = spawn(process.execPath, [join(repository, 'bench/role.ts'), 'up'], {
    cwd: folder,
    env: {
      PATH,
      HOME,
      PORT: String(port),
      LOG_FORMAT: 'json',
      BEHEST_DATA_DIR: join(folder, 'data'),
      BEHEST_SOURCE: join(folder, 'source'),
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = createWriteStream(join(folder, 'up.log'), { flags: 'a' });
  child.stdout.pipe(log);
  child.stderr.pipe(log);
  return child;
}

async function execute(url: string, folder: string): Promise<string | undefined> {
  const token = (await readFile(join(folder, 'data', 'token'), 'utf8')).trim();
  const answer = await fetch(`${url}/workflows/execute`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
    body: JSON.stringify({ workflow_id: 'ten', input: {} }),
  });
  const body = (await answer.json()) as { job_id?: string };
  if (!answer.ok) throw new Error(`${answer.status} ${JSON.stringify(body)}`);
  return body.job_id;
}

async function isCompleted(url: string, id: string): Promise<true | undefined> {
  const answer = await fetch(`${url}/workflows/execution/${id}`);
  const { status } = (await answer.json()) as { status?: string };
  if (status === 'failed' || status === 'cancelled') throw new Error(`run ${id} is ${status}`);
  return status === 'completed' ? true : undefined;
}

async function poll<T>(child: ChildProcess, probe: () => Promise<T | undefined>): Promise<T> {
  const limit = performance.now() + LIMIT_MS;
  let last: unknown = 'no answer';
  while (performance.now() < limit) {
    if (child.exitCode !== null) throw new Error(`behest up ended with ${child.exitCode}`);
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

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address !== null ? address.port : 0;
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
