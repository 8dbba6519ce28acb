import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

const root = new URL('../../', import.meta.url);

/** Where problems with a place in a file are made. */
const ROOMS = ['src/expr/', 'src/graph/', 'src/manifest/'];
/** Where those are made that only the ledger can tell. */
const LEDGER_CHECKS = ['src/controller/check-runs.ts', 'src/controller/ownership.ts'];
const CODE = /(?:\bcode: |\b(?:error|warning|refuse)\(\s*)'([a-z]+(?:-[a-z0-9]+)*)'/g;

async function codesInSource(): Promise<ReadonlySet<string>> {
  const paths = [...LEDGER_CHECKS];
  for (const room of ROOMS) {
    for (const path of await readdir(new URL(room, root), { recursive: true })) {
      if (!path.endsWith('.ts') || path.endsWith('.test.ts') || path.startsWith('testing'))
        continue;
      paths.push(room + path);
    }
  }
  const codes = new Set<string>();
  for (const path of paths) {
    const text = await readFile(new URL(path, root), 'utf8');
    for (const match of text.matchAll(CODE)) codes.add(match[1] ?? '');
  }
  return codes;
}

async function stepErrorCodes(): Promise<readonly string[]> {
  const text = await readFile(new URL('src/task/error.ts', root), 'utf8');
  return [...text.matchAll(/^ {2}\| '([a-z_]+)'/gm)].map((match) => match[1] ?? '');
}

async function section(title: string): Promise<readonly string[]> {
  const text = await readFile(new URL('docs/errors.md', root), 'utf8');
  const [, rest = ''] = text.split(`## ${title}\n`);
  const [body = ''] = rest.split('\n## ');
  return [...body.matchAll(/^\| `([a-z0-9_-]+)`/gm)].map((match) => match[1] ?? '');
}

test('every problem code is documented, and every documented one exists', async () => {
  const documented = await section('Problems in manifests');
  const found = await codesInSource();
  expect(found.size).toBeGreaterThan(60);
  expect(new Set(documented).size).toBe(documented.length);
  expect([...documented].toSorted()).toEqual([...found].toSorted());
});

test('every step error code is documented, and every documented one exists', async () => {
  const found = await stepErrorCodes();
  expect(found.length).toBeGreaterThan(10);
  expect([...(await section('Errors of steps'))].toSorted()).toEqual([...found].toSorted());
});
