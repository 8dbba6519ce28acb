import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

import type { PostgresBinaries } from './postgres-binaries.ts';
import { isReachable } from './reachable.ts';
import type { ServerAccount } from './server-account.ts';

const MAJOR_VERSION = '18';
const PASSWORD_FILE = 'behest.password';
export const SUPERUSER = 'behest';

/**
 * The real folder of the cluster. Below a folder that the server's account cannot enter (/root) it
 * lies in /var/lib/behest, and `dataDir` is a symbolic link to it.
 */
export async function placeCluster(
  dataDir: string,
  account: ServerAccount | null,
): Promise<string> {
  await mkdir(dirname(dataDir), { recursive: true });
  if (existsSync(dataDir)) return await realpath(dataDir);
  if (await isReachable(dataDir, account))
    return join(await realpath(dirname(dataDir)), nameOf(dataDir));
  const base = existsSync('/var/lib') ? '/var/lib/behest' : join(tmpdir(), 'behest-data');
  await mkdir(base, { recursive: true, mode: 0o755 });
  const place = join(base, `postgres-${randomBytes(6).toString('hex')}`);
  await rm(dataDir, { force: true }); // A link to a cluster that is gone.
  await symlink(place, dataDir);
  return place;
}

function nameOf(path: string): string {
  return path.slice(dirname(path).length).replace(/^[/\\]/, '');
}

export function isInitialised(cluster: string): boolean {
  return existsSync(join(cluster, 'PG_VERSION'));
}

/** Rejects when the cluster was made by another major version, which cannot read it. */
export async function checkVersion(cluster: string): Promise<void> {
  const found = (await readFile(join(cluster, 'PG_VERSION'), 'utf8')).trim();
  if (found === MAJOR_VERSION) return;
  throw new Error(
    `${cluster} was written by Postgres ${found}; this is Postgres ${MAJOR_VERSION}. Dump it with ` +
      `pg_dump of version ${found} and load it into a new data directory.`,
  );
}

/** Makes a new cluster; a crash half-way leaves nothing that looks like one. */
export async function initialiseCluster(options: {
  readonly cluster: string;
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount | null;
}): Promise<void> {
  const { cluster, binaries, account } = options;
  const draft = `${cluster}.new`;
  const passwordFile = `${cluster}.password`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await writeFile(passwordFile, randomBytes(24).toString('base64url'), { mode: 0o600 });
  if (account !== null) {
    await chown(draft, account.uid, account.gid);
    await chown(passwordFile, account.uid, account.gid);
  }
  await runInitdb({ initdb: binaries.initdb, folder: draft, passwordFile, account });
  await chmod(passwordFile, 0o600);
  await rename(passwordFile, join(draft, PASSWORD_FILE));
  await rename(draft, cluster);
}

async function runInitdb(options: {
  readonly initdb: string;
  readonly folder: string;
  readonly passwordFile: string;
  readonly account: ServerAccount | null;
}): Promise<void> {
  const { initdb, folder, passwordFile, account } = options;
  const locale = ['--no-locale', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  const access = ['-U', SUPERUSER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256'];
  // The password is 24 random bytes: stretching it would only slow each connection down.
  const set = ['-c', 'scram_iterations=1'];
  try {
    await promisify(execFile)(
      initdb,
      ['-D', folder, '--no-sync', '--no-instructions', '-E', 'UTF8', ...locale, ...access, ...set],
      { cwd: folder, env: { LC_ALL: 'C', TZ: 'UTC' }, ...accountOptions(account) },
    );
  } catch (cause) {
    const { stderr = '' } = cause as { stderr?: string };
    throw new Error(`initdb could not make a database in ${folder}: ${stderr.trim()}`, { cause });
  }
}

export function accountOptions(account: ServerAccount | null): { uid?: number; gid?: number } {
  return account === null ? {} : { uid: account.uid, gid: account.gid };
}

export async function readPassword(cluster: string): Promise<string> {
  return (await readFile(join(cluster, PASSWORD_FILE), 'utf8')).trim();
}

/** Flushes what initdb wrote without syncing; the server may be running. */
export async function syncCluster(
  cluster: string,
  initdb: string,
  account: ServerAccount | null,
): Promise<void> {
  await promisify(execFile)(initdb, ['--sync-only', '-D', cluster], {
    cwd: cluster,
    ...accountOptions(account),
  });
}
