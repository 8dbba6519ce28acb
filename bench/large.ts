import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { until } from '../test/services/until.ts';
import type { Figures } from './figures.ts';
import { Remote } from './remote.ts';
import { onlySystem, type RowOptions } from './row-options.ts';
import { cpuBetween, cpuOf } from './usage.ts';
import { watchByGrpc } from './watch-one.ts';

const run = promisify(execFile);

/** For the longest run, on a slow machine. */
const LIMIT_MS = 900_000;

interface Server {
  readonly url: string;
  readonly token: string;
}

interface Bench {
  readonly remote: Remote;
  readonly server: Server;
  readonly figures: Figures;
}

/** A long run and a wide one through the API: beside a watcher, and every way to read them. */
export async function measureLarge(options: RowOptions, figures: Figures): Promise<void> {
  const [long, wide] = options.isQuick ? [1000, 10_000] : [10_000, 100_000];
  const remote = await Remote.start({ ...onlySystem(options), withApi: true });
  try {
    await writeFile(join(remote.folder, 'source', 'long.yaml'), longManifest(long));
    await writeFile(join(remote.folder, 'source', 'wide.yaml'), WIDE);
    const server = await remote.call<Server>('server');
    const bench = { remote, server, figures };
    await measureOne(bench, { what: `${long} steps in a row`, workflow: 'long', input: {} });
    const input = { count: wide };
    await measureOne(bench, { what: `${wide} steps side by side`, workflow: 'wide', input });
  } finally {
    await remote.stop();
  }
}

interface Subject {
  readonly what: string;
  readonly workflow: string;
  readonly input: unknown;
}

async function measureOne(bench: Bench, { what, workflow, input }: Subject): Promise<void> {
  const { remote, server, figures } = bench;
  for (const watched of [false, true]) {
    const before = cpuOf(remote.pid);
    const id = await execute(server, { workflow_id: workflow, input });
    const began = performance.now();
    const watch = watched ? watchByGrpc({ ...server, runId: id, onFirst() {} }) : null;
    await ended(server, id);
    const how = `${what}, ${watched ? 'watched' : 'not watched'}`;
    figures.add(`${how}: s`, (performance.now() - began) / 1000);
    const told = await watch?.ended;
    figures.add(`${how}: CPU s`, cpuBetween(before, cpuOf(remote.pid)).total);
    if (told === undefined) continue;
    figures.add(`${how}: events`, told.events);
    figures.add(`${how}: watcher knows the end, s`, (performance.now() - began) / 1000);
    await measureReads(bench, what, id);
  }
}

async function measureReads({ server, figures }: Bench, what: string, id: string): Promise<void> {
  const paths = {
    run: `/api/v1/jobs/${id}`,
    execution: `/workflows/execution/${id}`,
    'task spec form': `/workflows/${id}`,
    'list of runs': '/api/v1/jobs',
    logs: `/api/v1/jobs/${id}/logs`,
    'whole stream, SSE': `/jobs/${id}/stream`,
    'workflow list': '/workflows/list',
  };
  for (const [name, path] of Object.entries(paths)) {
    const began = performance.now();
    const answer = await fetch(`${server.url}${path}`, { headers: headersOf(server) });
    const bytes = (await answer.arrayBuffer()).byteLength;
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    figures.add(`${what}: ${name}, ms`, performance.now() - began);
    figures.add(`${what}: ${name}, KiB`, bytes / 1024);
  }
  for (const args of [
    ['describe', 'run', id],
    ['get', 'runs'],
  ]) {
    const began = performance.now();
    const program = join(import.meta.dirname, '../bin/behest.mjs');
    const env = { ...process.env, BEHEST_SERVER: server.url, BEHEST_TOKEN: server.token };
    const options = { env, maxBuffer: 1 << 30 };
    const { stdout } = await run(process.execPath, [program, ...args], options);
    figures.add(`${what}: behest ${args.slice(0, 2).join(' ')}, ms`, performance.now() - began);
    figures.add(`${what}: behest ${args.slice(0, 2).join(' ')}, lines`, stdout.split('\n').length);
  }
}

function headersOf({ token }: Server): Record<string, string> {
  return { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
}

/** The controller may not have applied the manifest yet. */
function execute(server: Server, body: unknown): Promise<string> {
  return until('the run is started', async () => {
    const answer = await fetch(`${server.url}/workflows/execute`, {
      method: 'POST',
      headers: headersOf(server),
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`execute: ${answer.status} ${await answer.text()}`);
    return ((await answer.json()) as { job_id?: string }).job_id;
  });
}

async function ended(server: Server, id: string): Promise<void> {
  const headers = headersOf(server);
  const look = async (): Promise<string | undefined> => {
    const answer = await fetch(`${server.url}/api/v1/jobs?page_size=5`, { headers });
    const { runs = [] } = (await answer.json()) as { runs?: { id: string; status: string }[] };
    const status = runs.find((each) => each.id === id)?.status ?? '';
    return ['completed', 'failed', 'cancelled'].includes(status) ? status : undefined;
  };
  const status = await until('the run has ended', look, { timeoutMs: LIMIT_MS, everyMs: 20 });
  if (status !== 'completed') throw new Error(`the run is ${status}`);
}

function longManifest(steps: number): string {
  const lines = Array.from({ length: steps }, (_, index) => {
    const n = index === 0 ? '0' : `"{{ s${index - 1}.output.n }}"`;
    return `    - { id: s${index}, type: noop, config: { n: ${n} } }`;
  });
  return `${head('long')}\n${lines.join('\n')}\n`;
}

const WIDE = `${head('wide')}
    - { id: list, type: transform, config: { output: "{{ range(input.count) }}" } }
    - { id: each, type: noop, forEach: "{{ list.output }}", config: { n: "{{ item }}" } }
    - { id: count, type: transform, config: { output: "{{ size(each.output) }}" } }
`;

function head(name: string): string {
  return `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: ${name} }
spec:
  steps:`;
}
