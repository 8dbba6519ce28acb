import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

import { isAlive, startTime } from './process-identity.ts';

export interface DirectoryLock {
  release(): Promise<void>;
}

/** Another living process uses the directory. */
export class DirectoryInUse extends Error {
  override readonly name = 'DirectoryInUse';
}

const ATTEMPTS = 5;

/**
 * Makes this process the only Behest on a data directory. The lock of a process that has died is
 * taken over. Rejects with DirectoryInUse, which names the process.
 */
export async function lockDirectory(dataDir: string): Promise<DirectoryLock> {
  const path = `${dataDir}.lock`;
  const mine = `${process.pid} ${startTime(process.pid)}`;
  await mkdir(dirname(path), { recursive: true });
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    if (await create(path, mine)) return { release: () => rm(path, { force: true }) };
    await removeStale(path, dataDir);
  }
  throw new DirectoryInUse(`${dataDir}: several processes want to start a database here at once`);
}

async function create(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

async function removeStale(path: string, dataDir: string): Promise<void> {
  const found = await readFile(path, 'utf8').catch(() => null);
  if (found === null) return;
  refuseLiving(found, dataDir);
  const aside = `${path}.${process.pid}`;
  await rename(path, aside).catch(() => undefined); // Another starter moved it first.
  const moved = await readFile(aside, 'utf8').catch(() => null);
  // Between reading and moving somebody may have put down a living lock: give it back.
  if (moved !== null && moved !== found) await link(aside, path).catch(() => undefined);
  await rm(aside, { force: true });
}

function refuseLiving(content: string, dataDir: string): void {
  const [pid = '', started = ''] = content.split(' ');
  if (content === '' || !isAlive(Number(pid)) || startTime(Number(pid)) !== started) return;
  throw new DirectoryInUse(
    `The data directory ${dataDir} is in use by process ${pid}. Stop that one first, or set ` +
      'BEHEST_DATA_DIR to another directory.',
  );
}
