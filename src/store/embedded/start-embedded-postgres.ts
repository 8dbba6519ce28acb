import { spawn, type ChildProcess } from 'node:child_process';
import { statSync } from 'node:fs';
import { open, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import {
  accountOptions,
  checkVersion,
  initialiseCluster,
  isInitialised,
  placeCluster,
  readPassword,
  syncCluster,
} from './cluster.ts';
import { lockDirectory } from './directory-lock.ts';
import { stopLeftOver, stopServer } from './left-over-server.ts';
import { listenAddress, type ListenAddress } from './listen-address.ts';
import { postgresBinaries, type PostgresBinaries } from './postgres-binaries.ts';
import { serverAccount, type ServerAccount } from './server-account.ts';
import { SERVER_SETTINGS, settingArguments } from './server-settings.ts';

export interface EmbeddedPostgres {
  /** For `connect`, and for psql and pg_dump too. Holds the password. */
  readonly url: string;
  readonly pid: number;
  /** Resolves, with the exit code, when the server ends for whatever reason. */
  readonly ended: Promise<number | null>;
  /** Fast shutdown. May be called twice. */
  stop(): Promise<void>;
}

export interface EmbeddedOptions {
  /** The cluster's folder; made when it is not there. */
  readonly dataDir: string;
  /** Told of what takes time or is unusual. */
  readonly log?: (message: string) => void;
  readonly transport?: 'socket' | 'tcp';
  /** Server settings over ours; tests turn fsync off. */
  readonly settings?: { readonly [name: string]: string };
}

const START_LIMIT_MS = 60_000;
const QUIET_LIMIT_MS = 20_000;
const QUIET_POLL_MS = 50;
const POLL_MS = 3;
const LOG_BYTES_MAX = 8 << 20;

interface Plan {
  readonly cluster: string;
  readonly account: ServerAccount | null;
  readonly binaries: PostgresBinaries;
  readonly settings: { readonly [name: string]: string };
}

/**
 * Starts Postgres on a data directory of its own and resolves when it takes connections. Rejects
 * with DirectoryInUse when a living process has the directory, and with the server's own words when
 * it does not come up. A server that a killed process left running is stopped first.
 */
export async function startEmbeddedPostgres(options: EmbeddedOptions): Promise<EmbeddedPostgres> {
  const dataDir = resolve(options.dataDir);
  const log = options.log ?? (() => undefined);
  const lock = await lockDirectory(dataDir);
  try {
    const account = serverAccount(dataDir);
    const binaries = await postgresBinaries(account);
    const cluster = await placeCluster(dataDir, account);
    await stopLeftOver(cluster, log);
    const fresh = await prepareCluster({ cluster, binaries, account, log });
    const address = await listenAddress(cluster, account, options.transport);
    const settings = { ...SERVER_SETTINGS, ...address.settings, ...options.settings };
    const plan = { cluster, account, binaries, settings };
    const server = await startWhenQuiet(plan);
    const synced =
      fresh && settings['fsync'] === 'on' ? syncCluster(cluster, binaries.initdb, account) : null;
    return await handle(server, { address, cluster, synced, log, release: () => lock.release() });
  } catch (error) {
    await lock.release();
    throw error;
  }
}

async function prepareCluster(options: {
  readonly cluster: string;
  readonly binaries: PostgresBinaries;
  readonly account: ServerAccount | null;
  readonly log: (message: string) => void;
}): Promise<boolean> {
  if (isInitialised(options.cluster)) {
    await checkVersion(options.cluster);
    return false;
  }
  options.log(`making a new database in ${options.cluster}`);
  await initialiseCluster(options);
  return true;
}

/** Sessions of a killed server end within moments of it, but Postgres must not start before. */
async function startWhenQuiet(plan: Plan): Promise<ChildProcess> {
  const deadline = performance.now() + QUIET_LIMIT_MS;
  for (;;) {
    try {
      return await startServer(plan);
    } catch (error) {
      const isBusy = error instanceof Error && error.message.includes('shared memory block');
      if (!isBusy || performance.now() > deadline) throw error;
      await sleep(QUIET_POLL_MS);
    }
  }
}

async function startServer(plan: Plan): Promise<ChildProcess> {
  const logFile = join(plan.cluster, 'server.log');
  const large = (statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LOG_BYTES_MAX;
  const output = await open(logFile, large ? 'w' : 'a', 0o600);
  const from = (await output.stat()).size;
  // An own session: Ctrl-C reaches only us, and we stop the server when everything else is done.
  const server = spawn(
    plan.binaries.postgres,
    ['-D', plan.cluster, ...settingArguments(plan.settings)],
    {
      cwd: plan.cluster,
      env: { LC_ALL: 'C', TZ: 'UTC', PGDATA: plan.cluster },
      stdio: ['ignore', output.fd, output.fd],
      detached: true,
      ...accountOptions(plan.account),
    },
  );
  try {
    await untilReady(server, plan.cluster);
    return server;
  } catch (cause) {
    server.kill('SIGQUIT');
    const words = (await readFile(logFile, 'utf8')).slice(from).trim();
    throw new Error(`Postgres did not start in ${plan.cluster}: ${words || String(cause)}`, {
      cause,
    });
  } finally {
    await output.close();
  }
}

/** The eighth line of postmaster.pid says `ready`, which is what pg_ctl waits for too. */
async function untilReady(server: ChildProcess, cluster: string): Promise<void> {
  const end = { reason: '' };
  server.once('error', (error) => (end.reason = error.message));
  server.once('exit', (code, signal) => (end.reason = `it exited with ${signal ?? String(code)}`));
  const pidFile = join(cluster, 'postmaster.pid');
  const deadline = performance.now() + START_LIMIT_MS;
  while (performance.now() < deadline) {
    if (end.reason !== '') throw new Error(end.reason);
    // The server replaces the file of one that was killed, so it may be gone for a moment.
    const lines = (await readFile(pidFile, 'utf8').catch(() => '')).split('\n');
    if (lines[0] === String(server.pid) && lines[7]?.trim() === 'ready') return;
    await sleep(POLL_MS);
  }
  throw new Error(`it was not ready after ${START_LIMIT_MS / 1000} s`);
}

async function handle(
  server: ChildProcess,
  context: {
    readonly address: ListenAddress;
    readonly cluster: string;
    readonly synced: Promise<void> | null;
    readonly log: (message: string) => void;
    readonly release: () => Promise<void>;
  },
): Promise<EmbeddedPostgres> {
  const pid = server.pid ?? 0;
  const url = context.address.url(await readPassword(context.cluster));
  const ended = new Promise<number | null>((done) => {
    if (server.exitCode !== null) done(server.exitCode);
    else server.once('exit', (code) => done(code));
  });
  const synced = context.synced?.catch((error: Error) =>
    context.log(`the new database could not be synced to disk: ${error.message}`),
  );
  // A crash of ours that still runs exit handlers takes the server down with it.
  const onExit = (): boolean => server.kill('SIGINT');
  process.once('exit', onExit);
  server.unref();
  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    await synced;
    if (server.exitCode === null && server.signalCode === null) await stopServer(pid);
    process.off('exit', onExit);
    await context.release();
  };
  return { url, pid, ended, stop: () => (stopping ??= stop()) };
}
