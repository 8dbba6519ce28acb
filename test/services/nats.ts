import { type ChildProcess, spawn } from 'node:child_process';
import { access, mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';

/** A NATS server for tests. Those that a test started itself can be killed and started again. */
export interface NatsService {
  readonly url: string;
  /** Only of a server that we started. */
  readonly local: LocalNats | null;
  stop(): Promise<void>;
}

export interface LocalNats {
  /** Where JetStream stores. */
  readonly directory: string;
  /** SIGKILL, and gone when this resolves. */
  kill(): Promise<void>;
  /** On the same port and directory. */
  start(): Promise<void>;
  /** Deletes all that JetStream has stored. */
  wipe(): Promise<void>;
}

/**
 * `NATS_URL`, or a local nats-server on a free loopback port; null when there is neither. With
 * BEHEST_REQUIRE_SERVICES=1 a missing server is an error instead.
 */
export async function natsService(): Promise<NatsService | null> {
  const url = process.env['NATS_URL'];
  if (url !== undefined && url !== '') return { url, local: null, stop: () => Promise.resolve() };
  return localNats();
}

/** A server of the test's own, which it may kill. */
export async function localNats(): Promise<NatsService | null> {
  const binary = await findBinary('nats-server');
  if (binary === null) {
    if (process.env['BEHEST_REQUIRE_SERVICES'] === '1') {
      throw new Error('BEHEST_REQUIRE_SERVICES=1, but there is no NATS_URL and no nats-server');
    }
    console.warn('SKIPPED: no NATS_URL and no nats-server program; JetStream was not tested');
    return null;
  }
  const server = new Server(binary, await freePort(), await mkdtemp(join(tmpdir(), 'nats-')));
  await server.start();
  return { url: `nats://127.0.0.1:${server.port}`, local: server, stop: () => server.remove() };
}

/**
 * Starts a program and kills it when its own standard input ends: also when this process is killed
 * and no handler of it runs any more.
 */
const WATCHDOG = '"$@" </dev/null & read -r _; kill -9 $!; wait';

class Server implements LocalNats {
  readonly port: number;
  private readonly binary: string;
  readonly directory: string;
  private child: ChildProcess | null = null;

  constructor(binary: string, port: number, directory: string) {
    this.binary = binary;
    this.port = port;
    this.directory = directory;
  }

  async start(): Promise<void> {
    const address = ['--addr', '127.0.0.1', '--port', String(this.port)];
    const command = [this.binary, ...address, '--jetstream', '--store_dir', this.directory];
    const child = spawn('/bin/sh', ['-c', WATCHDOG, 'watchdog', ...command], {
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    this.child = child;
    const failures: Error[] = [];
    child.once('error', (error) => failures.push(error));
    for (let tried = 0; tried < 400; tried += 1) {
      if (failures[0] !== undefined) throw failures[0];
      if (await answers(this.port)) return;
      await sleep(25);
    }
    throw new Error(`nats-server did not open port ${this.port} within 10 s`);
  }

  async kill(): Promise<void> {
    const { child } = this;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.stdin?.end();
    await gone;
    this.child = null;
  }

  async wipe(): Promise<void> {
    await rm(join(this.directory, 'jetstream'), { recursive: true, force: true });
  }

  async remove(): Promise<void> {
    await this.kill();
    await rm(this.directory, { recursive: true, force: true });
  }
}

async function findBinary(name: string): Promise<string | null> {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/bin'];
  for (const folder of folders) {
    const path = join(folder, name);
    const found = await access(path).then(
      () => true,
      () => false,
    );
    if (found) return path;
  }
  return null;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectSocket(port, '127.0.0.1');
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
