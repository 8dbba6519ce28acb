import { type ChildProcess, spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { freePort } from '../services/free-port.ts';
import { until } from '../services/until.ts';

const ENTRY = resolve(import.meta.dirname, '../../bin/behest.mjs');

export interface Launch {
  /** `up`, `controller`, `api` or `runner`. */
  readonly role: 'up' | 'controller' | 'api' | 'runner';
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** The program; by default the one that users start. */
  readonly entry?: string;
  /** Who it runs as; by default who we are. */
  readonly account?: Account;
}

export interface Account {
  readonly uid: number;
  readonly gid: number;
}

export interface ServerOptions {
  /** `up`, unless said otherwise. */
  readonly role?: 'up' | 'api';
  readonly account?: Account;
  readonly entry?: string;
}

/** A real Behest process, and what it has printed. */
export class BehestProcess {
  readonly child: ChildProcess;
  output = '';
  readonly exited: Promise<number | null>;

  constructor({ role, env, cwd, account, entry = ENTRY }: Launch) {
    const { PATH = '', HOME = '' } = process.env;
    this.child = spawn(process.execPath, [entry, role], {
      cwd,
      ...account,
      env: { PATH, HOME, LOG_FORMAT: 'json', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.exited = new Promise((done) => this.child.once('exit', done));
  }

  async kill(signal: NodeJS.Signals): Promise<number | null> {
    this.child.kill(signal);
    return await this.exited;
  }
}

/** One server under test: where it listens, and how to call its REST face. */
export class Server {
  process: BehestProcess;
  readonly port: number;
  readonly folder: string;
  readonly #options: ServerOptions;
  readonly #env: Readonly<Record<string, string>>;
  #token = '';

  private constructor(launch: {
    port: number;
    folder: string;
    env: Readonly<Record<string, string>>;
    options: ServerOptions;
  }) {
    this.#options = launch.options;
    this.port = launch.port;
    this.folder = launch.folder;
    this.#env = launch.env;
    this.process = this.#launch();
  }

  /** `folder` holds (or will hold) the data directory; sources are relative to it. */
  static async start(
    folder: string,
    env: Readonly<Record<string, string>>,
    options: ServerOptions = {},
  ): Promise<Server> {
    const server = new Server({ port: await freePort(), folder, env, options });
    await server.ready();
    return server;
  }

  #launch(): BehestProcess {
    const env = {
      PORT: String(this.port),
      BEHEST_DATA_DIR: join(this.folder, 'data'),
      ...this.#env,
    };
    return new BehestProcess({ role: 'up', ...this.#options, env, cwd: this.folder });
  }

  async ready(): Promise<void> {
    await until('the server is ready', async () => {
      if (this.process.child.exitCode !== null)
        throw new Error(`it exited: ${this.process.output}`);
      const answer = await fetch(`${this.url}/ready`);
      return answer.ok ? true : undefined;
    });
    this.#token = (await readFile(join(this.folder, 'data', 'token'), 'utf8')).trim();
  }

  /** What callers have to show who want to write. */
  get token(): string {
    return this.#token;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts again on the same data, after a stop or a kill. */
  async restart(): Promise<void> {
    this.process = this.#launch();
    await this.ready();
  }

  async get<T = Record<string, unknown>>(path: string): Promise<T> {
    const answer = await fetch(`${this.url}${path}`, {
      headers: { authorization: `Bearer ${this.#token}` },
    });
    if (!answer.ok) throw new Error(`GET ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async post<T = Record<string, unknown>>(path: string, body: unknown): Promise<T> {
    const answer = await fetch(`${this.url}${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#token}` },
      body: JSON.stringify(body),
    });
    if (!answer.ok) throw new Error(`POST ${path}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
  }

  async stop(): Promise<void> {
    if (this.process.child.exitCode === null) await this.process.kill('SIGTERM');
  }
}
