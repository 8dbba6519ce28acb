import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { VisitorCall } from './visitor-process.ts';

export interface Visit {
  /** Calls answered as they should be. */
  readonly calls: number;
  /** Events that watchers were sent. */
  readonly events: number;
}

/** People who come and go, in a process of their own. */
export class Visitor {
  readonly #child: ChildProcess;
  readonly #server: VisitorCall;

  constructor(server: VisitorCall) {
    this.#server = server;
    this.#child = fork(join(import.meta.dirname, 'visitor-process.ts'));
  }

  /** Rejects when anything was answered wrongly. One visit at a time. */
  async visit(): Promise<Visit> {
    const answered = once(this.#child, 'message') as Promise<[{ result: Visit; error?: string }]>;
    this.#child.send(this.#server);
    const [{ result, error }] = await answered;
    if (error !== undefined) throw new Error(error);
    return result;
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
