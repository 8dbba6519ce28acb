import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { secretLookup } from '../../src/runner/secrets.ts';

async function secretsDir(files: { readonly [name: string]: string }): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'secrets-'));
  onTestFinished(() => rm(root, { recursive: true, force: true }));
  await writeFile(join(root, 'outside'), 'not yours');
  const dir = join(root, 'dir');
  await mkdir(join(dir, 'folder'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(dir, name), text);
  return dir;
}

test.each([
  ['api_key', 'from the environment'],
  ['my-key.v2', 'dashes and dots'],
  ['both', 'environment first'],
  ['file', 'from a file'],
  ['crlf', 'without its line break'],
  ['two', 'line one\nline two'],
  ['empty', ''],
  ['folder', undefined],
  ['absent', undefined],
  ['../outside', undefined],
  ['..', undefined],
  ['', undefined],
])('secret %j → %j', async (name, expected) => {
  const env = {
    BEHEST_SECRET_API_KEY: 'from the environment',
    BEHEST_SECRET_MY_KEY_V2: 'dashes and dots',
    BEHEST_SECRET_BOTH: 'environment first',
    PATH: '/bin',
  };
  const dir = await secretsDir({
    both: 'file second',
    file: 'from a file\n',
    crlf: 'without its line break\r\n',
    two: 'line one\nline two\n',
    empty: '\n',
  });
  expect(secretLookup({ env, dir })(name)).toBe(expected);
});

test('no directory → only the environment', () => {
  const lookup = secretLookup({ env: { BEHEST_SECRET_A: '1' } });
  expect([lookup('a'), lookup('b')]).toEqual(['1', undefined]);
});

test('a rotated secret → the new value at the next use', async () => {
  const dir = await secretsDir({ key: 'old' });
  const lookup = secretLookup({ env: {}, dir });
  expect(lookup('key')).toBe('old');
  await writeFile(join(dir, 'key'), 'new');
  expect(lookup('key')).toBe('new');
});
