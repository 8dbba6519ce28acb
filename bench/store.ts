// Rows a second and CPU of commitRuns on the embedded Postgres: `node bench/store.ts [rows]`.
import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { RunChange } from '../src/controller/ports.ts';
import type { NewRun } from '../src/record/run.ts';
import { startEmbeddedPostgres } from '../src/store/embedded/start-embedded-postgres.ts';
import { openStore, type Store } from '../src/store/open-store.ts';
import { newRunId } from '../src/store/uuid.ts';

const ROWS = Number(process.argv[2] ?? 20_000);
const STEPS = 10;
const AT_ONCE = 2;

const folder = await mkdtemp(join(tmpdir(), 'behest-bench-'));
await chmod(folder, 0o755);
const server = await startEmbeddedPostgres({ dataDir: join(folder, 'postgres') });
const store = await openStore(server.url);
try {
  const versionId = await register(store);
  await measure(store, versionId, { batch: 100, rows: 5_000, isWarmUp: true });
  for (const batch of [1, 10, 100, 500]) {
    const rows = batch === 1 ? ROWS / 4 : ROWS;
    await measure(store, versionId, { batch, rows, isWarmUp: false });
  }
  console.log(`memory of all server processes: ${(await serverMemory(server.pid)).toFixed(0)} MB`);
} finally {
  await store.close();
  await server.stop();
  await rm(folder, { recursive: true, force: true });
}

async function register({ library }: Store): Promise<string> {
  const origin = { source: '', revision: '', path: '', commit: '', author: '' };
  const graph = {
    input: null,
    phases: [],
    steps: [],
    output: null,
    timeoutMs: null,
    resume: { everyMs: 1, maxAttempts: 0, when: [] },
    files: {},
    applyTrigger: null,
  };
  const texts = { namespace: 'default', name: 'bench', title: '', description: '', digest: 'd' };
  const change = { ...texts, labels: {}, annotations: {}, graph, manifest: {}, origin };
  const written = await library.putWorkflow({ change, files: [], mustCreate: false, now: 1 });
  return written.workflow.versionId;
}

async function measure(
  { ledger }: Store,
  versionId: string,
  { batch, rows, isWarmUp }: { batch: number; rows: number; isWarmUp: boolean },
): Promise<void> {
  const runs = Array.from({ length: Math.ceil(rows / STEPS) }, () => newRun(versionId));
  for (let from = 0; from < runs.length; from += 1_000) {
    await ledger.createRuns(runs.slice(from, from + 1_000));
  }
  const groups: NewRun[][] = [];
  for (let from = 0; from < runs.length; from += batch) groups.push(runs.slice(from, from + batch));
  const before = await usage(server.pid);
  const began = performance.now();
  // Each lane drives its groups of runs step by step, as the controller's loop does.
  const lanes = Array.from({ length: AT_ONCE }, async (_, lane) => {
    for (let at = lane; at < groups.length; at += AT_ONCE) {
      for (let seq = 0; seq < STEPS; seq += 1) {
        const changes = (groups[at] ?? []).map((run) => stepOf(run.id, seq));
        const committed = await ledger.commitRuns(changes);
        if (committed.size !== changes.length) throw new Error('a commit was refused');
      }
    }
  });
  await Promise.all(lanes);
  const seconds = (performance.now() - began) / 1_000;
  const after = await usage(server.pid);
  if (isWarmUp) return;
  const count = runs.length * STEPS;
  const per10k = (used: number) => ((used / count) * 10_000).toFixed(3);
  console.log(
    `batch ${String(batch).padStart(3)}: ${(count / seconds).toFixed(0).padStart(6)} rows/s; ` +
      `CPU s per 10k rows: node ${per10k(after.node - before.node)}, ` +
      `postgres ${per10k(after.server - before.server)}`,
  );
}

function newRun(versionId: string): NewRun {
  return {
    id: newRunId(Date.now()),
    namespace: 'default',
    workflow: 'bench',
    versionId,
    input: { n: 1 },
    labels: {},
    cause: { kind: 'test', name: 'bench' },
    createdBy: 'bench',
    createdAt: Date.now(),
    idempotencyKey: null,
    parent: null,
  };
}

function stepOf(id: string, seq: number): RunChange {
  const at = Date.now();
  const isLast = seq === STEPS - 1;
  return {
    id,
    expectedSeq: seq,
    status: isLast ? 'completed' : 'running',
    startedAt: at,
    finishedAt: isLast ? at : null,
    wakeAt: null,
    output: { ok: true },
    error: null,

    facts: [
      {
        kind: 'attempt',
        at,
        step: seq,
        item: -1,
        attempt: 1,
        outcome: { kind: 'completed', output: { ok: true, value: 'some text', n: seq } },
        branch: null,
        startedAt: at,
        finishedAt: at,
        runner: 'runner-1',
      },
    ],
    children: [],
    answered: [],
    asked: [],
  };
}

/** CPU seconds so far; the server's with all its processes, also those that have ended. */
async function usage(serverPid: number): Promise<{ node: number; server: number }> {
  const { user, system } = process.cpuUsage();
  const ticks = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
  let server = 0;
  for (const pid of await serverProcesses(serverPid)) {
    const fields = await statFields(pid);
    const wanted = pid === serverPid ? [11, 12, 13, 14] : [11, 12];
    for (const field of wanted) server += Number(fields[field]) / ticks;
  }
  return { node: (user + system) / 1e6, server };
}

async function serverMemory(serverPid: number): Promise<number> {
  let kb = 0;
  for (const pid of await serverProcesses(serverPid)) {
    const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
    kb += Number(/^Pss:\s+(\d+)/m.exec(text)?.[1] ?? 0);
  }
  return kb / 1_024;
}

async function serverProcesses(serverPid: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found: number[] = [];
  for (const pid of pids) {
    const parent = Number((await statFields(pid))[1]);
    if (pid === serverPid || parent === serverPid) found.push(pid);
  }
  return found;
}

async function statFields(pid: number): Promise<string[]> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}
