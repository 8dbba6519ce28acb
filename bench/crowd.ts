import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { CrowdCall } from './crowd-process.ts';
import type { WatchEnd } from './watch-one.ts';

export interface CrowdEnd extends WatchEnd {
  readonly runId: string;
}

/** Watchers in a process of their own, so that what they cost is not counted as the system's. */
export class Crowd {
  readonly #child: ChildProcess;
  readonly #server: { readonly url: string; readonly token: string };
  #calls = 0;

  constructor(server: { readonly url: string; readonly token: string }) {
    this.#server = server;
    this.#child = fork(join(import.meta.dirname, 'crowd-process.ts'));
  }

  /** One watcher for each id, on a connection of its own; resolves when each has its first event. */
  async open(runIds: readonly string[]): Promise<void> {
    await this.#call('open', runIds);
  }

  /** Resolves when every watched run has ended and its watcher knows. */
  end(): Promise<readonly CrowdEnd[]> {
    return this.#call('end') as Promise<readonly CrowdEnd[]>;
  }

  async leave(): Promise<void> {
    await this.#call('leave');
  }

  async #call(name: CrowdCall['name'], runIds: readonly string[] = []): Promise<unknown> {
    this.#calls += 1;
    const call: CrowdCall = { id: this.#calls, name, runIds, ...this.#server };
    this.#child.send(call);
    for (;;) {
      const [reply] = (await once(this.#child, 'message')) as [
        { id: number; result: unknown; error?: string },
      ];
      if (reply.id !== call.id) continue;
      if (reply.error !== undefined) throw new Error(reply.error);
      return reply.result;
    }
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.disconnect();
    await gone;
  }
}
