import { execFileSync } from 'node:child_process';
import { chown, mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../services/until.ts';
import { type Account, Server } from './behest-process.ts';

/** Whoever runs the tests; when that is root, the account that owns nothing. */
function ordinaryAccount(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const [uid, gid] = ['-u', '-g'].map((flag) =>
    Number(execFileSync('id', [flag, 'nobody'], { encoding: 'utf8' })),
  );
  return { uid: uid ?? 65_534, gid: gid ?? 65_534 };
}

let folder: string;
let server: Server | null = null;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'behest-user-'));
});
afterEach(async () => {
  await server?.stop();
  server = null;
  await rm(folder, { recursive: true, force: true });
});

test('an ordinary user starts it, and again after a SIGKILL, on the same data', async () => {
  const account = ordinaryAccount();
  if (account !== null) await chown(folder, account.uid, account.gid);
  const flows = resolve(import.meta.dirname, '../../workflows.d');
  const env = { BEHEST_SOURCE: flows, HOME: folder };
  server = await Server.start(folder, env, account === null ? {} : { account });
  const completed = async (): Promise<number> => {
    const path = '/api/v1/jobs?workflow_id=import-assets&status=completed';
    return (await server!.get<{ runs: unknown[] }>(path)).runs.length;
  };
  await until('the import is completed', async () => (await completed()) === 1 || undefined);
  const { uid } = await stat(join(folder, 'data/postgres'));
  expect(uid).toBe(account?.uid ?? process.getuid?.());

  await server.process.kill('SIGKILL');
  await server.restart();
  expect(await completed()).toBe(1);
}, 120_000);
