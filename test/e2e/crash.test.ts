import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../services/until.ts';
import { Server } from './behest-process.ts';
import { type Effect, Effects, effectWorkflow } from './effects.ts';

const RUNS = 110;
const STEPS = ['first', 'second', 'third'];
const KILLS = 20;
/** Attempts at a time. */
const CONCURRENCY = 4;
/** A kill costs the calls that are under way, and those whose answers are not recorded yet. */
const COST_MAX = 2 * CONCURRENCY;

let folder: string;
let effects: Effects;
let server: Server | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-crash-'));
  effects = await Effects.start();
});
afterEach(async () => {
  await server?.stop();
  server = null;
  await effects.stop();
  await rm(folder, { recursive: true, force: true });
});

async function submit(): Promise<string[]> {
  const ids: string[] = [];
  for (let number = 0; number < RUNS; number += 1) {
    const { job_id: id } = await server!.post<{ job_id: string }>('/workflows/execute', {
      workflow_id: 'chain',
      input: { number },
    });
    ids.push(id);
  }
  return ids;
}

/** SIGKILL as soon as that many more calls have come, and a moment later. */
async function killAfter(calls: number, delayMs: number): Promise<void> {
  const target = effects.all.length + calls;
  const { process } = server!;
  await new Promise<void>((done, fail) => {
    effects.onEffect = () => {
      if (effects.all.length >= target) setTimeout(done, delayMs);
    };
    void process.exited.then(() => fail(new Error(`it exited by itself: ${process.output}`)));
  });
  effects.onEffect = () => undefined;
  await process.kill('SIGKILL');
  effects.life += 1;
}

async function statuses(): Promise<Record<string, number>> {
  const count: Record<string, number> = {};
  let token = '';
  do {
    const page = await server!.get<{ runs: { status: string }[]; next_page_token: string }>(
      `/api/v1/jobs?page_size=100&page_token=${token}`,
    );
    for (const { status } of page.runs) count[status] = (count[status] ?? 0) + 1;
    token = page.next_page_token;
  } while (token !== '');
  return count;
}

interface Checkpoint {
  readonly step_id: string;
  readonly attempt: number;
  readonly status: string;
}

async function checkpointsOf(id: string): Promise<Checkpoint[]> {
  const answer = await fetch(`${server!.url}/api/v1/jobs/${id}/events`, {
    headers: { accept: 'application/x-ndjson' },
  });
  const lines = (await answer.text()).trim().split('\n');
  return lines
    .map((line) => JSON.parse(line) as { checkpoint?: Checkpoint })
    .flatMap(({ checkpoint }) => (checkpoint === undefined ? [] : [checkpoint]));
}

function grouped(key: (effect: Effect) => string): Effect[][] {
  return Object.values(Object.groupBy(effects.all, key)).map((group) => group ?? []);
}

/** A server with the workflow `chain`, whose steps call the world outside one after another. */
async function serveChain(): Promise<void> {
  const flows = join(folder, 'flows');
  await mkdir(flows);
  await writeFile(join(flows, 'chain.yaml'), effectWorkflow('chain', effects.url, STEPS));
  server = await Server.start(folder, {
    BEHEST_SOURCE: flows,
    BEHEST_HTTP_ALLOW: '127.0.0.1',
    BEHEST_RUNNER_CONCURRENCY: String(CONCURRENCY),
  });
  await until('the workflow is there', async () => {
    const { workflows } = await server!.get<{ workflows: unknown[] }>('/workflows/list');
    return workflows.length === 1 ? true : undefined;
  });
}

test(`SIGKILL ${KILLS} times in the middle of ${RUNS} runs → each completes, nothing counts twice`, async () => {
  await serveChain();
  const gate = Promise.withResolvers<void>();
  effects.gate = gate.promise;
  const ids = await submit();
  gate.resolve();

  for (let kill = 0; kill < KILLS; kill += 1) {
    // Moments of every kind: at a call, between calls, at an answer. (The delays repeat after 7.)
    await killAfter(3 + (kill % 5) * 2, (kill % 7) * 8);
    await server!.restart();
  }
  await until(
    'every run has ended',
    async () => ((await statuses())['completed'] === RUNS ? true : undefined),
    { timeoutMs: 60_000 },
  );

  expect(await statuses()).toEqual({ completed: RUNS });
  expect(effects.life).toBe(KILLS);
  for (const id of ids) {
    const told = await checkpointsOf(id);
    expect(told.map(({ step_id: step, attempt, status }) => ({ step, attempt, status }))).toEqual(
      STEPS.map((step) => ({ step, attempt: 1, status: 'completed' })),
    );
  }
  checkEffects();
}, 300_000);

test('SIGTERM in the middle of a call → it is waited for and recorded, and not made again', async () => {
  await serveChain();
  const gate = Promise.withResolvers<void>();
  effects.gate = gate.promise;
  const asked = { workflow_id: 'chain', input: {} };
  const { job_id: id } = await server!.post<{ job_id: string }>('/workflows/execute', asked);
  await until('the call is made', async () => effects.all[0]);
  const stopped = server!.stop();
  await until(
    'it stops',
    async () => server!.process.output.includes('process.stopping') || undefined,
  );
  gate.resolve();
  await stopped;
  await server!.restart();
  await until('the run has ended', async () => {
    const { status } = await server!.get<{ status: string }>(`/api/v1/jobs/${id}`);
    return status === 'completed' || undefined;
  });
  expect(effects.all.map(({ step }) => step)).toEqual(STEPS);
}, 60_000);

function checkEffects(): void {
  const bySteps = grouped(({ run, step }) => `${run} ${step}`);
  expect(bySteps).toHaveLength(RUNS * STEPS.length);
  for (const calls of bySteps) {
    // One attempt, so one key; and whoever lives delivers it once.
    expect(new Set(calls.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
    expect(new Set(calls.map(({ life }) => life)).size).toBe(calls.length);
  }
  expect(new Set(effects.all.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(
    RUNS * STEPS.length,
  );
  const repeated = effects.all.length - RUNS * STEPS.length;
  expect(repeated).toBeGreaterThan(0);
  expect(repeated).toBeLessThanOrEqual(KILLS * COST_MAX);
  for (const calls of grouped(({ run }) => run)) {
    for (const { step, at } of calls) {
      const before = STEPS[STEPS.indexOf(step) - 1];
      if (before === undefined) continue;
      const answers = calls.filter((each) => each.step === before && each.answeredAt !== null);
      expect(answers.some(({ answeredAt }) => (answeredAt ?? 0) <= at)).toBe(true);
    }
  }
}
