import { readFile } from 'node:fs/promises';
import { BehestProcess, type Launch } from '../e2e/behest-process.ts';
import { until } from '../services/until.ts';

/** One role of Behest as a process that is killed and comes back, as a supervisor would see to. */
export class Member {
  readonly name: string;
  /** Exits that nobody asked for. */
  readonly accidents: string[] = [];
  readonly #launch: Launch;
  #process: BehestProcess | null = null;
  #logs: string[] = [];

  constructor(name: string, launch: Launch) {
    this.name = name;
    this.#launch = launch;
    // When the test itself is ended, nothing of it shall stay behind.
    process.once('exit', () => this.#process?.child.kill('SIGKILL'));
  }

  start(): void {
    const started = new BehestProcess(this.#launch);
    this.#process = started;
    void started.exited.then((code) => {
      if (this.#process !== started) return;
      this.accidents.push(`${this.name} ended by itself (${code}): ${started.output.slice(-2000)}`);
    });
  }

  async ready(timeoutMs = 60_000): Promise<void> {
    await until(
      `${this.name} is ready`,
      async () => {
        if (this.accidents[0] !== undefined) throw new Error(this.accidents[0]);
        const said = this.#process?.output ?? '';
        return said.includes(`"${this.#launch.role}.ready"`) ? true : undefined;
      },
      { timeoutMs },
    );
  }

  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async stop(): Promise<void> {
    this.resume();
    await this.#end('SIGTERM');
  }

  /** The process stands still and does not know it; with `resume` it goes on where it was. */
  pause(): void {
    this.#process?.child.kill('SIGSTOP');
  }

  resume(): void {
    this.#process?.child.kill('SIGCONT');
  }

  /** All that it has printed, in all its lives. */
  get log(): string {
    return [...this.#logs, this.#process?.output ?? ''].join('');
  }

  /** Resident memory in MiB; null while it is down. */
  async rssMib(): Promise<number | null> {
    const pid = this.#process?.child.pid;
    if (pid === undefined) return null;
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
    const kib = /VmRSS:\s+(\d+) kB/.exec(status)?.[1];
    return kib === undefined ? null : Math.round(Number(kib) / 1024);
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const ending = this.#process;
    if (ending === null) return;
    this.#process = null;
    if (ending.child.exitCode === null && ending.child.signalCode === null)
      await ending.kill(signal);
    this.#logs.push(ending.output);
  }
}
