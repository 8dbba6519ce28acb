import { type ChildProcess, fork } from 'node:child_process';
import { createWriteStream, existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Call } from './host.ts';
import type { SystemOptions } from './system.ts';
import { cpuBetween, cpuOf, machineBusy, memoryOf, type Shares } from './usage.ts';

export type Answer = Readonly<Record<string, number>>;

export interface RemoteOptions extends Omit<SystemOptions, 'folder'> {
  /** A checkout of Behest; another than this one is an earlier commit. */
  readonly repository: string;
}

interface Reply {
  readonly id: number;
  readonly result: never;
  readonly error?: string;
}

interface Waiting {
  readonly resolve: (answer: never) => void;
  readonly reject: (why: Error) => void;
}

interface Shipped {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** How the servers of that checkout run Node; commits before `bin/node-flags.mjs` gave no flags. */
async function shippedWith(repository: string): Promise<Shipped> {
  const path = join(repository, 'bin/node-flags.mjs');
  if (!existsSync(path)) return { flags: [], environment: {} };
  const shipped = (await import(path)) as typeof import('../bin/node-flags.mjs');
  // Earlier commits gave no environment.
  const { nodeFlags, nodeEnvironment = {} } = shipped as Partial<typeof shipped>;
  const cache = join(repository, 'node_modules/.cache/behest');
  const environment = { NODE_COMPILE_CACHE: cache, ...nodeEnvironment };
  return { flags: nodeFlags ?? [], environment };
}

/** One system under test in a process tree of its own. */
export class Remote {
  readonly #child: ChildProcess;
  readonly folder: string;
  readonly #waiting = new Map<number, Waiting>();
  #ready: () => void = () => undefined;
  #calls = 0;

  private constructor(folder: string, options: RemoteOptions, shipped: Shipped) {
    this.folder = folder;
    const { repository: _, ...system } = options;
    const { profiles, programs } = options;
    const profiling =
      profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profiles, 'host')}`];
    this.#child = fork(programs.host, [JSON.stringify({ ...system, folder })], {
      execArgv: [...shipped.flags, ...profiling],
      env: { ...process.env, ...shipped.environment },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    const log = createWriteStream(join(folder, 'host.log'));
    this.#child.stdout?.pipe(log);
    this.#child.stderr?.pipe(log);
    this.#child.stderr?.on('data', (text: Buffer) => process.stderr.write(text));
    this.#child.on('message', (message) => this.#heard(message as Record<string, unknown>));
    this.#child.once('exit', (code) => this.#failAll(new Error(`the host ended with ${code}`)));
  }

  static async start(options: RemoteOptions): Promise<Remote> {
    const shipped = await shippedWith(options.repository);
    const remote = new Remote(await mkdtemp(join(tmpdir(), 'behest-bench-')), options, shipped);
    try {
      await new Promise<void>((resolve, reject) => {
        remote.#ready = resolve;
        remote.#waiting.set(0, { resolve, reject });
      });
    } catch (error) {
      await rm(remote.folder, { recursive: true, force: true });
      throw error;
    }
    remote.#waiting.delete(0);
    return remote;
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  #heard(message: Record<string, unknown>): void {
    if (message['isReady'] === true) return this.#ready();
    const { id, result, error } = message as unknown as Reply;
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error));
  }

  #failAll(why: Error): void {
    for (const { reject } of this.#waiting.values()) reject(why);
    this.#waiting.clear();
  }

  call<T = Answer>(name: Call['name'], args: Call['args'] = {}): Promise<T> {
    this.#calls += 1;
    const id = this.#calls;
    const answer = new Promise<T>((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#child.send({ id, name, args });
    return answer;
  }

  memory(): Shares {
    return memoryOf(this.pid);
  }

  /** The call with what it cost: CPU of all processes of the system, and of the whole machine. */
  async costed(
    name: Call['name'],
    args: Call['args'],
  ): Promise<{ answer: Answer; cpu: Shares; others: number }> {
    const before = { cpu: cpuOf(this.pid), busy: machineBusy() };
    const answer = await this.call(name, args);
    const cpu = cpuBetween(before.cpu, cpuOf(this.pid));
    return { answer, cpu, others: machineBusy() - before.busy - cpu.total };
  }

  async stop(): Promise<void> {
    const gone = new Promise((done) => this.#child.once('exit', done));
    if (this.#child.exitCode === null) {
      await this.call('stop').catch(() => this.#child.kill('SIGKILL'));
      await gone;
    }
    await rm(this.folder, { recursive: true, force: true });
  }
}
