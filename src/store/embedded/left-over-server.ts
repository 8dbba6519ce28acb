import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { isAlive, isServerOf } from './process-identity.ts';

const FAST_SHUTDOWN_MS = 20_000;
const POLL_MS = 5;

/**
 * Stops the server that a killed process left behind on this directory, and removes the pid file
 * of one that is long gone but whose process id now is somebody else's, which Postgres would take
 * for a running server.
 */
export async function stopLeftOver(cluster: string, log: (message: string) => void): Promise<void> {
  const pidFile = join(cluster, 'postmaster.pid');
  const text = await readFile(pidFile, 'utf8').catch(() => null);
  if (text === null) return;
  const pid = Number(text.split('\n')[0]);
  if (!Number.isInteger(pid) || pid <= 0 || !isServerOf(pid, cluster)) {
    await rm(pidFile, { force: true });
    return;
  }
  log(`stopping the database server ${pid} that an earlier process left running`);
  await stopServer(pid);
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
