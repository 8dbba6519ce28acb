import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const buf = join(root, 'node_modules/.bin/buf');
const run = (...args: string[]) => promisify(execFile)(buf, args, { cwd: root });

async function filesOf(folder: string): Promise<{ [path: string]: string }> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files: { [path: string]: string } = {};
  for (const entry of entries.filter((each) => each.isFile())) {
    const path = join(entry.parentPath, entry.name);
    files[path.slice(folder.length + 1)] = await readFile(path, 'utf8');
  }
  return files;
}

test('src/gen is what the protos generate', { timeout: 60_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'behest-gen-'));
  try {
    await run('generate', '-o', folder);
    const expected = await filesOf(join(folder, 'src/gen'));
    const found = await filesOf(join(root, 'src/gen'));
    expect(Object.keys(found).toSorted()).toEqual(Object.keys(expected).toSorted());
    for (const [path, text] of Object.entries(expected)) {
      expect(found[path] === text, `src/gen/${path} is stale: run "npm run generate"`).toBe(true);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test('every method has a comment, a role and a REST binding', { timeout: 60_000 }, async () => {
  const folder = join(root, 'proto/behest/v1');
  const services = (await readdir(folder)).filter((name) => name.endsWith('_service.proto'));
  expect(services.length).toBeGreaterThanOrEqual(4);
  for (const name of services) {
    const text = await readFile(join(folder, name), 'utf8');
    const methods = text.split(/^ {2}rpc /m).slice(1);
    const bare = methods.filter(
      (method) => !/required_role\) = ROLE_/.test(method) || !method.includes('(google.api.http)'),
    );
    expect(bare).toEqual([]);
    const commented = text.match(/^ {2}\/\/ .*\n {2}rpc /gm) ?? [];
    expect([name, commented.length]).toEqual([name, methods.length]);
  }
});
