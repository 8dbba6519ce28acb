import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { appendFile, chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openBus, openDatabase } from '../src/main/open-transport.ts';
import { endAll, openProcess } from '../src/main/process-parts.ts';
import { startEmbeddedPostgres } from '../src/store/embedded/start-embedded-postgres.ts';
import { localNats } from '../test/services/nats.ts';
import { Client } from './client.ts';
import { countOn } from './count-completed.ts';
import { registerNoop } from './noop.ts';

export interface SystemOptions {
  /** `embedded` is `behest up`; `nats` is Postgres, NATS, and one process for each role. */
  readonly mode: 'embedded' | 'nats';
  /** Data, logs and the (empty) source of the system. */
  readonly folder: string;
  /** Servers of somebody else's; where there is none, it starts its own. */
  readonly databaseUrl?: string;
  readonly natsUrl?: string;
  readonly controllers?: number;
  readonly runners?: number;
  /** Where CPU profiles of the roles go. */
  readonly profiles?: string;
  /** Settings of Behest over those of the bench. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface System {
  readonly client: Client;
  readonly apiUrl: string | null;
  stop(): Promise<void>;
}

/** Attempts that a runner makes at a time; no-ops end at once, so it bounds bursts, not work. */
export const CONCURRENCY = '256';

/** Starts Behest as it is shipped, with the node type `noop` added, and a client of it. */
export async function startSystem(options: SystemOptions): Promise<System> {
  const { folder, mode } = options;
  const endings: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of endings.splice(0).toReversed()) await end();
  };
  try {
    mkdirSync(join(folder, 'source'), { recursive: true });
    await chmod(folder, 0o755);
    const databaseUrl = options.databaseUrl ?? (await ownPostgres(folder, endings));
    const natsUrl = mode === 'nats' ? (options.natsUrl ?? (await ownNats(endings))) : '';
    const env = {
      DATABASE_URL: databaseUrl,
      NATS_URL: natsUrl,
      BENCH_DATABASE_URL: databaseUrl,
      BEHEST_DATA_DIR: join(folder, 'data'),
      BEHEST_SOURCE: join(folder, 'source'),
      BEHEST_SOURCE_ALLOW_EMPTY: 'true',
      BEHEST_RUNNER_CONCURRENCY: CONCURRENCY,
      PORT: '0',
      LOG_FORMAT: 'json',
      LOG_LEVEL: 'warn',
      ...options.settings,
    };
    Object.assign(process.env, env);
    registerNoop(countOn(databaseUrl));
    return await wire(options, { endings, stop, databaseUrl });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Wiring {
  readonly endings: (() => Promise<void>)[];
  readonly stop: () => Promise<void>;
  readonly databaseUrl: string;
}

async function wire(options: SystemOptions, wiring: Wiring): Promise<System> {
  const { endings, stop, databaseUrl } = wiring;
  const parts = openProcess();
  endings.push(() => endAll(parts));
  const store = await openDatabase(parts);
  const bus = await openBus(parts);
  let apiUrl: string | null = null;
  if (options.mode === 'embedded') {
    const { startApiPart } = await import('../src/main/start-api.ts');
    const { startRunnerPart } = await import('../src/main/start-runner.ts');
    const { startControllerPart } = await import('../src/main/start-controller.ts');
    apiUrl = urlOf(await startApiPart(parts, { store, bus }));
    await startRunnerPart(parts, { bus, selfUrl: apiUrl });
    await startControllerPart(parts, { store, bus, selfUrl: apiUrl });
  } else {
    const roles = [
      ...Array.from({ length: options.controllers ?? 1 }, () => 'controller'),
      ...Array.from({ length: options.runners ?? 1 }, () => 'runner'),
    ];
    for (const role of roles) {
      const child = await startRole(role, options);
      endings.push(() => end(child));
    }
  }
  const client = new Client({ store, bus, url: databaseUrl });
  endings.push(() => client.close());
  return { client, apiUrl, stop };
}

/** Earlier commits, which this bench is run on too, answer with the server itself. */
function urlOf(started: unknown): string {
  const { url, server } = started as { url?: string; server?: { url: string } };
  const found = server?.url ?? url;
  if (found === undefined) throw new Error('startApiPart tells no URL');
  return found;
}

async function ownPostgres(folder: string, endings: Wiring['endings']): Promise<string> {
  await mkdir(join(folder, 'data'), { recursive: true });
  const server = await startEmbeddedPostgres({ dataDir: join(folder, 'data', 'postgres') });
  endings.push(() => server.stop());
  return server.url;
}

async function ownNats(endings: Wiring['endings']): Promise<string> {
  const nats = await localNats();
  if (nats === null) throw new Error('--nats needs the program nats-server on the PATH');
  endings.push(() => nats.stop());
  return nats.url;
}

/** A role as a process of its own; resolves when it says that it is ready. */
async function startRole(role: string, options: SystemOptions): Promise<ChildProcess> {
  const { profiles, folder } = options;
  const flags = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}/${role}`];
  const child = spawn(process.execPath, [...flags, join(import.meta.dirname, 'role.ts'), role], {
    cwd: folder,
    // `ready` is said at level info.
    env: { ...process.env, LOG_LEVEL: 'info', PORT: '0' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await new Promise<void>((ready, reject) => {
    let said = '';
    const hear = (text: string): void => {
      void appendFile(join(folder, `${role}.log`), text);
      if (said.length < 100_000) said += text;
      if (said.includes(`${role}.ready`)) ready();
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', hear);
    child.once('exit', (code) => reject(new Error(`${role} ended with ${code}: ${said}`)));
  });
  return child;
}

export async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((done) => child.once('exit', done));
  child.kill('SIGTERM');
  await gone;
}
