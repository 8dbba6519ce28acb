import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type NatsService, localNats } from '../services/nats.ts';
import { freshDatabase } from '../services/postgres.ts';
import { until } from '../services/until.ts';
import { BehestProcess, Server } from './behest-process.ts';
import { Effects, effectWorkflow } from './effects.ts';

const nats: NatsService | null = await localNats();
const STEPS = ['first', 'second', 'third'];

let folder: string;
let effects: Effects;
let env: Record<string, string>;
let api: Server;
let controllers: BehestProcess[] = [];
let runners: BehestProcess[] = [];

async function launch(role: 'controller' | 'runner'): Promise<BehestProcess> {
  const started = new BehestProcess({ role, env, cwd: folder });
  (role === 'runner' ? runners : controllers).push(started);
  await until(`the ${role} is ready`, async () => {
    if (started.child.exitCode !== null) throw new Error(`it exited: ${started.output}`);
    return started.output.includes(`"${role}.ready"`) ? true : undefined;
  });
  return started;
}

beforeAll(async () => {
  if (nats === null) return;
  folder = await mkdtemp(join(tmpdir(), 'behest-distributed-'));
  effects = await Effects.start();
  const flows = join(folder, 'flows');
  await mkdir(flows);
  await writeFile(join(flows, 'chain.yaml'), effectWorkflow('chain', effects.url, STEPS));
  await writeFile(join(flows, 'single.yaml'), effectWorkflow('single', effects.url, ['only']));
  env = {
    DATABASE_URL: await freshDatabase(),
    NATS_URL: nats.url,
    BEHEST_DATA_DIR: join(folder, 'data'),
    BEHEST_SOURCE: flows,
    BEHEST_HTTP_ALLOW: '127.0.0.1',
    BEHEST_RUNNER_CONCURRENCY: '8',
  };
  api = await Server.start(folder, env, { role: 'api' });
  await Promise.all([launch('controller'), launch('controller')]);
  await Promise.all([launch('runner'), launch('runner'), launch('runner')]);
  await until('the workflows are there', async () => {
    const { workflows } = await api.get<{ workflows: unknown[] }>('/workflows/list');
    if (workflows.length < 2) throw new Error(controllers.map(({ output }) => output).join('\n'));
    return true;
  });
}, 120_000);
afterAll(async () => {
  const alive = [...controllers, ...runners].filter(({ child }) => child.exitCode === null);
  await Promise.all(alive.map((each) => each.kill('SIGKILL')));
  await api?.stop();
  await effects?.stop();
  await nats?.stop();
  if (folder !== undefined) await rm(folder, { recursive: true, force: true });
});

let open: () => void = () => undefined;
/** Holds every answer until `open()`. */
function hold(): void {
  const gate = Promise.withResolvers<void>();
  effects.gate = gate.promise;
  open = gate.resolve;
}
beforeEach(() => {
  if (nats !== null) effects.all.length = 0;
});
afterEach(() => open());

async function submit(workflow: string, count: number): Promise<string[]> {
  const body = { workflow_id: workflow, input: {} };
  const started = Array.from({ length: count }, () =>
    api.post<{ job_id: string }>('/workflows/execute', body),
  );
  return (await Promise.all(started)).map(({ job_id: id }) => id);
}

async function completed(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await until(`${id} is completed`, async () => {
      const { status } = await api.get<{ status: string }>(`/api/v1/jobs/${id}`);
      return status === 'completed' ? true : undefined;
    });
  }
}

function callsOf(ids: readonly string[]): number[] {
  return ids.map((id) => effects.all.filter(({ run }) => run === id).length);
}

async function arrived(count: number): Promise<void> {
  const isIt = async () => (effects.all.length >= count ? true : undefined);
  await until(`${count} calls have come`, isIt);
}

describe.skipIf(nats === null)('two controllers, three runners, the API, Postgres and NATS', () => {
  test('sixty runs complete, and each step is made exactly once', async () => {
    const ids = await submit('chain', 60);
    await completed(ids);
    expect(callsOf(ids)).toEqual(ids.map(() => STEPS.length));
  }, 60_000);

  test('a cancel reaches a running attempt within a second', async () => {
    hold();
    const [id = ''] = await submit('single', 1);
    await arrived(1);
    const asked = Date.now();
    await api.post(`/api/v1/jobs/${id}/cancel`, {});
    const at = await until(
      'the call is given up',
      async () => effects.all[0]?.abandonedAt ?? undefined,
    );
    expect(at - asked).toBeLessThan(1000);
    const run = await until('the run has ended', async () => {
      const now = await api.get<{ status: string }>(`/api/v1/jobs/${id}`);
      return now.status === 'running' ? undefined : now;
    });
    expect(run.status).toBe('cancelled');
  });

  test('SIGTERM → a runner ends what it has begun, then itself; nothing is made twice', async () => {
    hold();
    // More than two runners take at a time, so that each has some.
    const ids = await submit('single', 20);
    await arrived(20);
    const leaving = runners.shift()!;
    leaving.child.kill('SIGTERM');
    await until('it drains', async () =>
      leaving.output.includes('process.stopping') ? true : undefined,
    );
    expect(leaving.child.exitCode).toBe(null);
    open();
    expect(await leaving.exited).toBe(0);
    await completed(ids);
    expect(callsOf(ids)).toEqual(ids.map(() => 1));
    expect(effects.all.filter(({ abandonedAt }) => abandonedAt !== null)).toEqual([]);
    await launch('runner');
  }, 60_000);

  test('SIGKILL → the tasks of a runner are made elsewhere within seconds', async () => {
    hold();
    const ids = await submit('single', 9);
    await arrived(9);
    const killedAt = Date.now();
    await runners.shift()!.kill('SIGKILL');
    await until('each call that was cut has come again', async () => {
      const cut = effects.all.filter(({ abandonedAt }) => abandonedAt !== null);
      const again = effects.all.slice(9).map(({ idempotencyKey }) => idempotencyKey);
      const isAll = cut.every(({ idempotencyKey }) => again.includes(idempotencyKey));
      return cut.length > 0 && isAll ? true : undefined;
    });
    // Promised are 5 s; twice as much for a machine that has other things to do.
    for (const { at } of effects.all.slice(9)) expect(at - killedAt).toBeLessThan(10_000);
    open();
    await completed(ids);
    const lost = effects.all.filter(({ abandonedAt }) => abandonedAt !== null);
    expect(effects.all).toHaveLength(9 + lost.length);
    expect(new Set(effects.all.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(9);
    await launch('runner');
  }, 60_000);

  test('SIGKILL of a controller in the middle of runs → all complete, each step once', async () => {
    hold();
    const ids = await submit('chain', 30);
    await arrived(20);
    open();
    await controllers.shift()!.kill('SIGKILL');
    await completed(ids);
    expect(callsOf(ids)).toEqual(ids.map(() => STEPS.length));
    await launch('controller');
  }, 90_000);

  test('all of NATS’ store is lost in the middle of runs → all complete', async () => {
    hold();
    const ids = await submit('chain', 20);
    await arrived(15);
    await nats!.local!.kill();
    await nats!.local!.wipe();
    await nats!.local!.start();
    open();
    await completed(ids);
    for (const calls of callsOf(ids)) expect(calls).toBeGreaterThanOrEqual(STEPS.length);
  }, 120_000);
});
