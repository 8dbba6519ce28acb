import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { until } from '../services/until.ts';
import { Server } from './behest-process.ts';

interface Source {
  readonly last_applied_revision: string;
  readonly conditions: readonly { type: string; status: string; reason: string; message: string }[];
  readonly problems: readonly { file: string; line: number; column: number; code: string }[];
}

interface Workflow {
  readonly id: string;
  readonly version: number;
  readonly origin: { readonly commit: string; readonly author: string };
}

let folder: string;
let server: Server | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-e2e-'));
});
afterEach(async () => {
  await server?.stop();
  server = null;
  await rm(folder, { recursive: true, force: true });
});

function workflow(name: string, output: string): string {
  return [
    'apiVersion: behest.dev/v1',
    'kind: Workflow',
    `metadata: { name: ${name} }`,
    'spec:',
    '  triggers: [{ name: each, apply: {} }]',
    '  steps:',
    `    - { id: say, type: transform, config: { output: ${output} } }`,
    '',
  ].join('\n');
}

async function versions(): Promise<Record<string, number>> {
  const { workflows } = await server!.get<{ workflows: Workflow[] }>('/api/v1/workflows');
  return Object.fromEntries(workflows.map((each) => [each.id, each.version]));
}

async function source(): Promise<Source> {
  const { sources } = await server!.get<{ sources: Source[] }>('/api/v1/sources');
  return sources[0]!;
}

/** Waits until it is so: long for a busy machine, and far less than the interval of a source. */
async function soon(what: string, isSo: () => Promise<boolean>): Promise<void> {
  await until(what, async () => ((await isSo()) ? true : undefined), { timeoutMs: 10_000 });
}

describe('a watched directory', () => {
  test('add, change, break, mend, delete a file → versions, status and runs follow', async () => {
    const dir = join(folder, 'flows');
    await mkdir(dir);
    await writeFile(join(dir, 'a.yaml'), workflow('a', 'one'));
    await writeFile(join(dir, 'b.yaml'), workflow('b', 'one'));
    server = await Server.start(folder, { BEHEST_SOURCE: dir });
    await soon('both are there', async () => Object.keys(await versions()).length === 2);

    await writeFile(join(dir, 'c.yaml'), workflow('c', 'one'));
    await soon('c is there', async () => (await versions())['c'] === 1);
    await writeFile(join(dir, 'c.yaml'), workflow('c', 'two'));
    await soon('c has version 2', async () => (await versions())['c'] === 2);

    await writeFile(
      join(dir, 'c.yaml'),
      workflow('c', 'three').replace('type: transform', 'type: transfrom'),
    );
    await soon('the source is not ready', async () => {
      return (await source()).conditions.some(
        ({ type, status }) => type === 'Ready' && status === 'False',
      );
    });
    expect((await source()).problems[0]).toMatchObject({
      file: 'c.yaml',
      line: 7,
      code: 'unknown-type',
    });
    expect((await versions())['c']).toBe(2);

    await writeFile(join(dir, 'c.yaml'), workflow('c', 'three'));
    await soon('c has version 3', async () => (await versions())['c'] === 3);
    expect((await source()).problems).toEqual([]);

    await rm(join(dir, 'c.yaml'));
    await soon('c is gone', async () => !('c' in (await versions())));

    const { runs } = await server.get<{ runs: { workflow_id: string; version: number }[] }>(
      '/api/v1/jobs',
    );
    const ofC = runs.filter((run) => run.workflow_id === 'c').map((run) => run.version);
    expect(ofC.toSorted()).toEqual([1, 2, 3]);
  }, 60_000);

  test('unchanged files after a restart → no new version, no second run', async () => {
    const dir = join(folder, 'flows');
    await mkdir(dir);
    await writeFile(join(dir, 'a.yaml'), workflow('a', 'one'));
    server = await Server.start(folder, { BEHEST_SOURCE: dir });
    const runs = async () => (await server!.get<{ runs: unknown[] }>('/api/v1/jobs')).runs.length;
    await soon('its run is there', async () => (await runs()) === 1);
    await server.process.kill('SIGKILL');
    await server.restart();
    await soon('the source was read', async () => (await source()).last_applied_revision !== '');
    expect(await versions()).toEqual({ a: 1 });
    expect(await runs()).toBe(1);
  }, 60_000);
});

describe('a git repository', () => {
  function git(...args: string[]): string {
    const who = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.org'];
    return execFileSync('git', [...who, ...args], {
      cwd: join(folder, 'repo'),
      encoding: 'utf8',
    }).trim();
  }

  async function commit(name: string, text: string): Promise<string> {
    await writeFile(join(folder, 'repo', name), text);
    git('add', '.');
    git('commit', '-q', '-m', `change ${name}`);
    return git('rev-parse', 'HEAD');
  }

  test('a commit → applied at the next poll, whole or not at all', async () => {
    await mkdir(join(folder, 'repo'));
    git('init', '-q', '-b', 'main');
    const first = await commit('a.yaml', workflow('a', 'one'));
    const repo = `${join(folder, 'repo')}#main`;
    server = await Server.start(folder, { BEHEST_SOURCE: repo, BEHEST_SOURCE_INTERVAL: '1s' });
    await soon(
      'the first commit is applied',
      async () => (await source()).last_applied_revision === first,
    );
    const { origin } = await server.get<Workflow>('/api/v1/workflows/a');
    expect(origin).toMatchObject({ commit: first });
    expect(origin.author).toContain('Ada');

    await writeFile(join(folder, 'repo', 'b.yaml'), workflow('b', 'one'));
    await commit('a.yaml', workflow('a', 'two').replace('say', 'say say'));
    await soon('the bad commit is refused', async () => {
      return (await source()).conditions.some(({ reason }) => reason === 'ValidationFailed');
    });
    expect(await versions()).toEqual({ a: 1 });
    expect((await source()).last_applied_revision).toBe(first);

    const third = await commit('a.yaml', workflow('a', 'two'));
    await soon(
      'the mended commit is applied',
      async () => (await source()).last_applied_revision === third,
    );
    expect(await versions()).toEqual({ a: 2, b: 1 });
  }, 60_000);
});
