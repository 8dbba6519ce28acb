import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

import { Server } from '../e2e/behest-process.ts';
import { until } from '../services/until.ts';
import { BehestCommand } from './behest-command.ts';
import type { Outcome } from './fake-terminal.ts';
import { liveFlows, workflow } from './live-flows.ts';

let folder: string;
let server: Server;
const running: BehestCommand[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-cli-'));
  await mkdir(join(folder, 'flows'));
  for (const [name, text] of Object.entries(liveFlows)) {
    await writeFile(join(folder, 'flows', `${name}.yaml`), text);
  }
  server = await Server.start(folder, {
    BEHEST_SOURCE: join(folder, 'flows'),
    BEHEST_HTTP_ALLOW: '127.0.0.1',
  });
  await until('the workflows are there', async () => {
    return (await behest('get', 'wf', 'slow')).code === 0 ? true : undefined;
  });
});
afterAll(async () => {
  for (const command of running) command.child.kill('SIGKILL');
  await server?.stop();
  await rm(folder, { recursive: true, force: true });
});

function start(args: readonly string[], parts: { env?: Record<string, string>; input?: string }) {
  const env = { BEHEST_SERVER: server.url, BEHEST_DATA_DIR: join(folder, 'data'), PWD: folder };
  const command = new BehestCommand(args, { ...env, ...parts.env }, parts.input);
  running.push(command);
  return command;
}

async function behest(...args: string[]): Promise<Outcome> {
  return await start(args, {}).ended;
}

const follow = (...args: string[]): BehestCommand => start(args, {});

/** Waits for the words of a command that goes on. */
async function says(command: BehestCommand, words: RegExp): Promise<void> {
  await vi.waitFor(() => expect(command.out + command.err).toMatch(words), {
    timeout: 15_000,
    interval: 50,
  });
}

/** Starts a run and gives its id. */
async function startRun(...args: string[]): Promise<string> {
  const { out, err, code } = await behest('run', ...args, '-o', 'name');
  expect({ code, err }).toEqual({ code: 0, err: '' });
  return out.trim().replace('run/', '');
}

async function runStatus(id: string): Promise<{ status: string; steps: { attempt: number }[] }> {
  const { out } = await behest('get', 'run', id, '-o', 'json');
  return JSON.parse(out) as { status: string; steps: { attempt: number }[] };
}

describe('run', () => {
  it('typed input, --watch → progress beside the output', async () => {
    const outcome = await behest('run', 'hello', '-i', 'name=Ada', '-i', 'times=3', '--watch');
    expect(outcome).toMatchObject({ code: 0, out: '{\n  "said": "hi Ada",\n  "times": 3\n}\n' });
    expect(outcome.err).toMatch(/^run\/\S+ started\n[\s\S]*greet completed[\s\S]*run completed\n$/);
  });

  it('bad input → every violation, 4, and no run', async () => {
    const outcome = await behest('run', 'hello', '-i', 'times=many', '-i', 'bogus=1');
    expect(outcome).toMatchObject({ code: 4, out: '' });
    expect(outcome.err).toMatch(/name.*required/);
    expect(outcome.err).toMatch(/times.*integer/);
    expect(outcome.err).toMatch(/bogus/);
  });

  it('a failing run, --watch → each failure told once, 10', async () => {
    const { code, err } = await behest('run', 'broken', '--watch');
    expect(code).toBe(10);
    expect(err).toMatch(/boom failed attempt 1 Error: kaputt/);
    expect(err).toMatch(/run failed at boom: Error: kaputt/);
    expect(err).toMatch(/Try again: behest retry/);
  });
});

describe('a running run', () => {
  it('logs -f, get -w, Ctrl-C at wait, cancel → each as it happens', async () => {
    const id = await startRun('slow');
    const logs = follow('logs', id, '-f');
    const table = follow('get', 'runs', '-w', '-o', 'wide', '--workflow', 'slow');
    const wait = follow('run', 'nap', '--wait');
    await says(logs, /info talk: line 1\n/);
    expect((await runStatus(id)).status).toBe('running');
    await says(wait, /started/);
    await says(table, /running/);

    const retried = await behest('retry', id);
    expect(retried).toMatchObject({ code: 5, err: expect.stringContaining('is running') });
    const detached = await wait.interrupt();
    expect(detached).toMatchObject({
      code: 130,
      err: expect.stringMatching(/behest watch \S+\n$/),
    });

    const cancelled = await behest('cancel', id, '--reason', 'enough');
    expect(cancelled).toEqual({ code: 0, out: `run/${id} cancelled\n`, err: '' });
    expect(await behest('wait', id)).toMatchObject({ code: 11 });
    expect((await logs.ended).code).toBe(0);
    await says(table, new RegExp(`${id}.*cancelled`));
    expect((await table.interrupt()).code).toBe(0);
    expect(await behest('cancel', id)).toMatchObject({ code: 5 });
    expect(await behest('get', 'run', '@latest', '-o', 'name')).toMatchObject({
      out: expect.not.stringContaining(id),
    });
    await behest('cancel', '@latest');
  }, 40_000);
});

describe('retry', () => {
  it('a failed run → from the failed step on its checkpoints; from a step with another input', async () => {
    const id = await startRun('picky', '-i', 'value=bad');
    expect(await behest('wait', id)).toMatchObject({ code: 10 });
    expect(await behest('retry', id, '--wait')).toMatchObject({ code: 10 });
    expect((await runStatus(id)).steps.map(({ attempt }) => attempt)).toEqual([1, 2]);

    await writeFile(join(folder, 'input.yaml'), 'value: good\n');
    const args = ['--from-step', 'before', '--input-file', 'input.yaml', '--watch'];
    const outcome = await behest('retry', id, ...args);
    expect(outcome).toMatchObject({ code: 0, out: expect.stringContaining('good') });
    expect(outcome.err).toContain(`run/${id} retried`);
    expect(await behest('retry', id)).toMatchObject({
      code: 5,
      err: expect.stringContaining('has completed'),
    });
  }, 30_000);

  it('pending_retry → at once, where the resume service would wait an hour', async () => {
    const id = await startRun('flaky', '-i', 'url=http://127.0.0.1:1/');
    const waiting = await behest('wait', id, '--timeout', '300ms');
    expect(waiting).toMatchObject({ code: 8 });
    await vi.waitFor(async () => expect((await runStatus(id)).status).toBe('pending_retry'), {
      timeout: 10_000,
    });
    await writeFile(join(folder, 'url.yaml'), 'url: /ping\n');
    const outcome = await behest('retry', id, '--input-file', 'url.yaml', '--wait');
    expect(outcome).toMatchObject({ code: 0, out: expect.stringContaining('200') });
  }, 30_000);

  it('a step that is not there, a file that is not there → 4, 2, and nothing is retried', async () => {
    const id = await startRun('broken');
    await behest('wait', id);
    const step = await behest('retry', id, '--from-step', 'nope');
    expect(step).toMatchObject({
      code: 4,
      err: expect.stringMatching('the steps are first, boom'),
    });
    const file = await behest('retry', id, '--input-file', 'nowhere.yaml');
    expect(file).toMatchObject({ code: 2, err: expect.stringMatching('ENOENT') });
    expect((await runStatus(id)).status).toBe('failed');
  });
});

describe('apply and diff', () => {
  it('dry run, create, unchanged, change, delete → as diff says', async () => {
    const file = join(folder, 'fresh.yaml');
    await writeFile(file, workflow('fresh', '{ id: a, type: transform, config: { output: 1 } }'));
    // A copy beside it is nobody's business.
    await writeFile(join(folder, 'copy.yaml'), workflow('fresh', 'nonsense'));
    expect(await behest('diff', '-f', file)).toMatchObject({
      code: 1,
      out: expect.stringMatching(/would be created/),
    });
    const dry = await behest('apply', '-f', file, '--dry-run');
    expect(dry).toMatchObject({ code: 0, out: 'workflow/fresh created (dry run)\n' });
    expect((await behest('get', 'wf', 'fresh')).code).toBe(3);
    expect(await behest('apply', '-f', file)).toMatchObject({
      code: 0,
      out: expect.stringMatching(/created version 1/),
    });
    expect(await behest('diff', '-f', file)).toEqual({ code: 0, out: '', err: '' });
    await writeFile(file, workflow('fresh', '{ id: a, type: transform, config: { output: 2 } }'));
    expect((await behest('diff', '-f', file)).out).toMatch(/- spec.steps\[a\].config.output: 1\n/);
    expect((await behest('apply', '-f', file)).out).toMatch(/configured version 2/);
    expect(await behest('delete', 'wf/fresh')).toMatchObject({
      code: 2,
      err: expect.stringMatching(/--yes/),
    });
    expect((await behest('delete', 'wf/fresh', '--yes')).out).toBe('workflow/fresh deleted\n');
  }, 30_000);

  it('a bad document beside a good one → its code frame, 4, nothing changed', async () => {
    const text = `${workflow('good', '{ id: a, type: start }')}---\n${workflow('bad', '{ id: a, type: strat }')}`;
    const { code, err } = await start(['apply', '-f', '-'], { input: text }).ended;
    expect(code).toBe(4);
    expect(err).toMatch(/stdin\.yaml:\d+:\d+ error There is no node type "strat"[\s\S]*\^{5}/);
    expect((await behest('get', 'wf', 'good')).code).toBe(3);
  });

  it('a folder with code and data → carried along, and it runs', async () => {
    const dir = join(folder, 'double');
    await mkdir(join(dir, 'data'), { recursive: true });
    const config = '{ file: ./double.js, files: [data/factor.json], input: 4 }';
    await writeFile(
      join(dir, 'workflow.yaml'),
      workflow('double', `{ id: a, type: code, config: ${config} }`),
    );
    await writeFile(join(dir, 'double.js'), 'export const process = (value) => value * 2;\n');
    await writeFile(join(dir, 'data', 'factor.json'), '[2]');
    const applied = await behest('apply', '-f', dir);
    expect(applied).toMatchObject({ code: 0, out: 'workflow/double created version 1\n' });
    expect((await behest('apply', '-f', join(dir, 'workflow.yaml'))).out).toMatch(/unchanged/);
    const run = await behest('run', 'double', '--wait');
    expect(run).toMatchObject({ code: 0, out: expect.stringContaining('8') });
  }, 30_000);
});

describe('objects', () => {
  it.concurrent.each([
    [['get', 'wf', '-l', 'team=a', '-o', 'name'], 0, /^workflow\/hello\n$/],
    [['get', 'workflow', 'hello', '-o', 'yaml'], 0, /^id: hello\n/],
    [['get', 'src', '-o', 'name'], 0, /^source\/flows\n$/],
    [['get', 'nodes', '--no-headers'], 0, /^artifact /],
    [['get', 'events'], 0, /source\/flows/],
    [['get', 'versions', 'hello'], 0, /^NUMBER/],
    [['get', 'wf', 'hello', '-A'], 2, /^$/],
    [['describe', 'wf', 'hello'], 0, /Steps\n[\s\S]*greet/],
    [['describe', 'source', 'flows'], 0, /Inventory\n[\s\S]*Events\n/],
    [['version'], 0, /^behest \S+\nserver \S+ at http/],
  ])('%j → %d', async (args, code, out) => {
    expect(await behest(...args)).toMatchObject({ code, out: expect.stringMatching(out) });
  });

  it.each([
    [['suspend', 'flows'], 0, /suspended/],
    [['reconcile', 'flows'], 5, /^$/],
    [['resume', 'source/flows'], 0, /resumed/],
    [['reconcile', 'flows', '--wait'], 0, /source\/flows at [0-9a-f]{64}/],
  ])('%j → %d', async (args, code, out) => {
    expect(await behest(...args)).toMatchObject({ code, out: expect.stringMatching(out) });
  });
});

describe('without what it needs', () => {
  it.concurrent.each<[string[], Record<string, string>, number, RegExp]>([
    [['run', 'hello'], { BEHEST_DATA_DIR: '/nowhere' }, 6, /BEHEST_TOKEN or --token-file/],
    [['get', 'runs'], { BEHEST_TOKEN: 'wrong' }, 6, /token is not known/],
    [['get', 'runs'], { BEHEST_SERVER: 'http://127.0.0.1:1' }, 7, /Start one with `behest up`/],
    [['version'], { BEHEST_SERVER: 'http://127.0.0.1:1' }, 0, /^no server answers at \S+\n$/],
    [['controller'], {}, 2, /^behest: .*needs DATABASE_URL.*\n$/],
    [['api'], { DATABASE_URL: 'postgres://127.0.0.1:1/x' }, 2, /^behest: .*needs NATS_URL.*\n$/],
    [['runner'], {}, 2, /^behest: .*needs NATS_URL.*\n$/],
    [['up'], { PORT: 'abc' }, 2, /PORT=abc: expected a whole number/],
  ])('%j with %j → %d in one line', async (args, env, code, err) => {
    const outcome = await start(args, { env }).ended;
    expect(outcome).toMatchObject({ code, err: expect.stringMatching(err) });
  });

  it('a data directory that is in use → says by whom, 1', async () => {
    const outcome = await behest('up');
    expect(outcome.code).toBe(1);
    expect(outcome.err).toMatch(/behest: cannot start: .* is in use by process \d+\..*\n$/);
  });
});
