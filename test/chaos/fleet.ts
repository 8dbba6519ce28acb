import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LocalNats, localNats, type NatsService } from '../services/nats.ts';
import { freePort } from '../services/free-port.ts';
import { chainManifest } from './chain.ts';
import { type EffectsClient, startEffectsLedger } from './effects-client.ts';
import { Member } from './member.ts';
import { PostgresServer } from './postgres-server.ts';
import type { Door } from './submit.ts';
import { TcpProxy } from './tcp-proxy.ts';

export interface FleetOptions {
  readonly seed: number;
  readonly steps: number;
  readonly controllers: number;
  readonly runners: number;
}

/** A whole distributed installation, each part a process of its own. */
export interface Fleet {
  readonly ledger: EffectsClient;
  readonly postgres: PostgresServer;
  readonly nats: LocalNats;
  readonly controllers: readonly Member[];
  readonly runners: readonly Member[];
  readonly api: Member;
  readonly door: Door;
  /** Between each runner and NATS. */
  readonly runnerWires: readonly TcpProxy[];
  /** Between all controllers and Postgres. */
  readonly databaseWire: TcpProxy;
  stop(): Promise<void>;
}

/** Attempts of one runner at a time: with a runner down, some tasks wait in the queue. */
const CONCURRENCY = '24';

/** Null without a nats-server program. Stop it in any case: nothing else ends the processes. */
export async function openFleet(options: FleetOptions): Promise<Fleet | null> {
  const service = await localNats();
  if (service?.local === null || service === null) return null;
  const ends: (() => unknown)[] = [() => service.stop()];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).toReversed()) await end();
  };
  try {
    return await build(options, { service, nats: service.local, ends, stop });
  } catch (error) {
    await stop();
    throw error;
  }
}

interface Beginning {
  readonly service: NatsService;
  readonly nats: LocalNats;
  readonly ends: (() => unknown)[];
  readonly stop: () => Promise<void>;
}

async function build(options: FleetOptions, begun: Beginning): Promise<Fleet> {
  const { service, nats, ends, stop } = begun;
  const folder = await mkdtemp(join(tmpdir(), 'behest-chaos-'));
  ends.push(() => rm(folder, { recursive: true, force: true }));
  await chmod(folder, 0o755);
  const ledger = await startEffectsLedger(options.seed);
  ends.push(() => ledger.stop());
  const postgres = await PostgresServer.start(join(folder, 'database'));
  ends.push(() => postgres.stop());
  await mkdir(join(folder, 'flows'));
  await writeFile(join(folder, 'flows', 'chain.yaml'), chainManifest(options.steps, ledger.port));
  const databaseWire = await TcpProxy.open(postgres.port);
  ends.push(() => databaseWire.close());
  const natsPort = Number(new URL(service.url).port);
  const runnerWires: TcpProxy[] = [];
  for (let index = 0; index < options.runners; index += 1) {
    const wire = await TcpProxy.open(natsPort);
    runnerWires.push(wire);
    ends.push(() => wire.close());
  }

  const door = { port: await freePort(), dataDir: join(folder, 'api') };
  const member = (role: 'controller' | 'api' | 'runner', number: number, env: Environment) => {
    const one = new Member(`${role} ${number}`, {
      role,
      cwd: folder,
      env: { BEHEST_DATA_DIR: join(folder, `${role}-${number}`), BEHEST_SOURCE: './flows', ...env },
    });
    one.start();
    ends.push(() => one.stop());
    return one;
  };
  const shared = { NATS_URL: service.url };
  const api = member('api', 1, {
    ...shared,
    DATABASE_URL: postgres.urlAt(),
    PORT: String(door.port),
    BEHEST_DATA_DIR: door.dataDir,
  });
  const throughWire = { ...shared, DATABASE_URL: postgres.urlAt(databaseWire.port) };
  const controllers = Array.from({ length: options.controllers }, (_, index) =>
    member('controller', index + 1, throughWire),
  );
  const runners = runnerWires.map((wire, index) =>
    member('runner', index + 1, {
      NATS_URL: `nats://127.0.0.1:${wire.port}`,
      BEHEST_HTTP_ALLOW: `127.0.0.1:${ledger.port}`,
      BEHEST_RUNNER_CONCURRENCY: CONCURRENCY,
    }),
  );
  await Promise.all([api, ...controllers, ...runners].map((each) => each.ready()));
  return {
    ledger,
    postgres,
    nats,
    controllers,
    runners,
    api,
    door,
    runnerWires,
    databaseWire,
    stop,
  };
}

type Environment = Readonly<Record<string, string>>;

export function membersOf({ controllers, runners, api }: Fleet): readonly Member[] {
  return [...controllers, ...runners, api];
}
