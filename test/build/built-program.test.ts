import { execFileSync } from 'node:child_process';
import { cpSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isMadeFrom, listName, listSources } from '../../bin/sources.mjs';
import { bundle } from '../../build/bundle.ts';
import { Server } from '../e2e/behest-process.ts';
import { until } from '../services/until.ts';
import { scratch, write } from '../source/scratch.ts';

const REPOSITORY = resolve(import.meta.dirname, '../..');
const folder = join(REPOSITORY, `dist-test-${process.pid}`);
const entry = join(folder, 'behest.js');

const HELLO = `
apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: hello }
spec:
  steps:
    - id: add
      type: code
      config: { language: javascript, code: "function process(n) { return n + 1; }", input: 1 }
  output: "{{ add.output }}"
`;

beforeAll(async () => {
  const entries = { behest: join(REPOSITORY, 'src/main/behest.ts') };
  await bundle({ repository: REPOSITORY, entries, folder });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function tell(program: string, ...args: string[]): string {
  const env = { PATH: process.env['PATH'] };
  return execFileSync(process.execPath, [program, ...args], { env, encoding: 'utf8' });
}

test('the bundled program → answers as the sources do', () => {
  const source = join(REPOSITORY, 'src/main/behest.ts');
  for (const args of [['--help'], ['version', '--client'], ['explain', 'workflow.spec.steps']]) {
    expect(tell(entry, ...args)).toBe(tell(source, ...args));
  }
});

test('the bundled server → finds its migrations, its Postgres and the programs of steps', async () => {
  const data = scratch();
  write(data, { 'source/hello.yaml': HELLO });
  const server = await Server.start(data, { BEHEST_SOURCE: join(data, 'source') }, { entry });
  try {
    const { job_id: id } = await until('the workflow is there', () =>
      server.post<{ job_id: string }>('/workflows/execute', { workflow_id: 'hello', input: {} }),
    );
    const run = await until('the run is completed', async () => {
      const found = await server.get<{ status: string }>(`/workflows/execution/${id}`);
      return ['completed', 'failed'].includes(found.status) ? found : undefined;
    });
    expect(run).toMatchObject({ status: 'completed', result: 2 });
  } finally {
    await server.stop();
  }
}, 60_000);

/** A repository whose program says which of its two forms runs, built a minute after its sources. */
function built(): string {
  const repository = scratch();
  write(repository, {
    'package-lock.json': '{}',
    'src/main/behest.ts': `console.log('source');`,
    'src/cli/verb.ts': '',
    'build/build.ts': '',
    'dist/behest.js': `console.log('bundle');`,
  });
  cpSync(join(REPOSITORY, 'bin'), join(repository, 'bin'), { recursive: true });
  const minuteAgo = Date.now() / 1000 - 60;
  for (const path of ['package-lock.json', 'src/main/behest.ts', 'src/cli/verb.ts']) {
    utimesSync(join(repository, path), minuteAgo, minuteAgo);
  }
  writeFileSync(join(repository, 'dist', listName), listSources(repository));
  return repository;
}

test.each<[string, (repository: string) => void, string]>([
  ['nothing has changed', () => undefined, 'bundle'],
  ['a source of the same size', (at) => writeFileSync(join(at, 'src/cli/verb.ts'), ''), 'source'],
  ['a new file', (at) => write(at, { 'src/cli/new.ts': '' }), 'source'],
  ['a file less', (at) => rmSync(join(at, 'src/cli/verb.ts')), 'source'],
  ['another way to build', (at) => write(at, { 'build/build.ts': ' ' }), 'source'],
  ['other packages', (at) => write(at, { 'node_modules/.package-lock.json': '' }), 'source'],
  ['half a bundle', (at) => rmSync(join(at, 'dist', listName)), 'source'],
  ['no bundle', (at) => rmSync(join(at, 'dist'), { recursive: true }), 'source'],
])('%s → bin/behest.mjs runs what is up to date', (_, change, expected) => {
  const repository = built();
  change(repository);
  expect(tell(join(repository, 'bin/behest.mjs')).trim()).toBe(expected);
});

test.runIf(process.env['BEHEST_REQUIRE_SERVICES'] === '1')(
  'a checkout after `npm ci` → its own bundle is up to date, and every test of bin runs it',
  () => {
    const isBuilt = isMadeFrom(join(REPOSITORY, 'dist'), listSources(REPOSITORY));
    expect(isBuilt, 'sources have changed since the build: npm run build').toBe(true);
  },
);
