import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAlive, isServerOf } from './process-identity.ts';

const FAST_SHUTDOWN_MS = 20_000;
const POLL_MS = 5;
/** Beyond what any system gives to a process. */
const NOBODY = 999_999_999;

/**
 * Stops the server that a killed process left behind on this directory, and puts out of the way
 * what a killed server has left there.
 */
export async function stopLeftOver(cluster: string, log: (message: string) => void): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => null);
  if (text === null) return;
  const [first = '', ...rest] = text.split('\n');
  const pid = Number(first);
  if (Number.isInteger(pid) && pid > 0 && isServerOf(pid, cluster)) {
    log(`stopping the database server ${pid} that an earlier process left running`);
    await stopServer(pid);
    return;
  }
  // Its process id may be somebody else's by now, which Postgres would take for a running server.
  // The other lines stay: by them it makes sure that no session of the killed server is left.
  await writeFile(pidFile, [NOBODY, ...rest].join('\n'));
}

/** Removes the lock beside a socket; the caller has made sure that no server uses the cluster. */
export async function removeSocketLock(socketFolder: string): Promise<void> {
  await rm(join(socketFolder, '.s.PGSQL.5432.lock'), { force: true });
}

/** Fast shutdown: sessions are ended, everything is written. After 20 s an immediate one. */
export async function stopServer(pid: number): Promise<void> {
  send(pid, 'SIGINT');
  if (await hasEnded(pid, FAST_SHUTDOWN_MS)) return;
  // Safe too: the next start recovers from the write-ahead log.
  send(pid, 'SIGQUIT');
  await hasEnded(pid, FAST_SHUTDOWN_MS);
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

async function hasEnded(pid: number, limitMs: number): Promise<boolean> {
  const deadline = performance.now() + limitMs;
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false;
    await sleep(POLL_MS);
  }
  return true;
}
