import type { ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { chmod, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Bus } from '../src/bus/bus.ts';
import { openBus, openDatabase } from '../src/main/open-transport.ts';
import { endAll, openProcess } from '../src/main/process-parts.ts';
import { startEmbeddedPostgres } from '../src/store/embedded/start-embedded-postgres.ts';
import type { Store } from '../src/store/open-store.ts';
import { localNats } from '../test/services/nats.ts';
import { Client } from './client.ts';
import { countOn } from './count-completed.ts';
import { registerFlaky } from './flaky.ts';
import { registerNoop } from './noop.ts';
import type { Programs } from './programs.ts';
import { end, startRole } from './start-role.ts';

export interface SystemOptions {
  /** `embedded` is `behest up`; `nats` is Postgres, NATS, and one process for each role. */
  readonly mode: 'embedded' | 'nats';
  readonly programs: Programs;
  /** Data, logs and the (empty) source of the system. */
  readonly folder: string;
  /** Servers of somebody else's; where there is none, it starts its own. */
  readonly databaseUrl?: string;
  readonly natsUrl?: string;
  readonly controllers?: number;
  readonly runners?: number;
  /** Of separate processes, starts an API too; the embedded system has one always. */
  readonly withApi?: boolean;
  /** Where CPU profiles of the roles go. */
  readonly profiles?: string;
  /** Settings of Behest over those of the bench. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface System {
  readonly client: Client;
  readonly store: Store;
  readonly bus: Bus;
  /** Null where there is no API. */
  readonly apiUrl: string | null;
  /** The processes beside this one, by name: `controller 1`. */
  readonly roles: ReadonlyMap<string, ChildProcess>;
  stop(): Promise<void>;
}

/** Attempts that a runner makes at a time; no-ops end at once, so it bounds bursts, not work. */
export const CONCURRENCY = '1024';

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
    registerFlaky();
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
  const roles = new Map<string, ChildProcess>();
  if (options.mode === 'embedded') {
    const { startApiPart } = await import('../src/main/start-api.ts');
    const { startControllerPart } = await import('../src/main/start-controller.ts');
    const { startRunnerPart } = await import('../src/main/start-runner.ts');
    apiUrl = urlOf(await startApiPart(parts, { store, bus }));
    await startControllerPart(parts, { store, bus, selfUrl: apiUrl });
    await startRunnerPart(parts, { bus, selfUrl: apiUrl });
  } else {
    for (const [name, role] of rolesOf(options)) {
      const { child, url } = await startRole(role, options);
      endings.push(() => end(child));
      roles.set(name, child);
      if (role === 'api') apiUrl = url;
    }
  }
  const client = new Client({ store, bus, url: databaseUrl });
  endings.push(() => client.close());
  return { client, store, bus, apiUrl, roles, stop };
}

/** Name and role of each process. */
function rolesOf({ withApi = false, controllers = 1, runners = 1 }: SystemOptions) {
  const numbered = (role: string, count: number) =>
    Array.from({ length: count }, (_, index) => [`${role} ${index + 1}`, role] as const);
  return [
    ...numbered('api', withApi ? 1 : 0),
    ...numbered('controller', controllers),
    ...numbered('runner', runners),
  ];
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
