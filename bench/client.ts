import type { Bus } from '../src/bus/bus.ts';
import type { Json } from '../src/expr/json.ts';
import { isFinal } from '../src/record/run.ts';
import { connect, type Pool } from '../src/store/connect.ts';
import type { Store } from '../src/store/open-store.ts';
import { newRunId } from '../src/store/uuid.ts';
import { marks } from './noop.ts';
import { chainSpec, fanSpec, gatedSpec, register } from './workflows.ts';

const CHUNK = 250;
/** Signals are best effort: a run whose signals are lost is looked at this often. */
const DOUBT_MS = 100;
const LIMIT_MS = 120_000;

/** What starts runs and waits for their ends, as the API does: rows, nudges and signals. */
export class Client {
  readonly #store: Store;
  readonly #bus: Bus;
  readonly #sql: Pool;
  readonly #versions = new Map<string, Promise<string>>();
  readonly #waiting = new Map<string, () => void>();
  /** Runs of many that were started at once, until their end is told of. */
  readonly #open = new Set<string>();
  #allTold: (() => void) | null = null;

  constructor({ store, bus, url }: { store: Store; bus: Bus; url: string }) {
    this.#store = store;
    this.#bus = bus;
    this.#sql = connect(url, { name: 'bench', max: 2 });
    // Commits before ends were told are asked at every change, which makes them a little slower.
    bus.onSignal('changed', ({ runIds, ended = runIds }) => {
      for (const id of ended) {
        this.#open.delete(id);
        this.#waiting.get(id)?.();
      }
      if (this.#open.size === 0) this.#allTold?.();
    });
  }

  get sql(): Pool {
    return this.#sql;
  }

  chain(steps: number, verify = false): Promise<string> {
    return this.#version(verify ? `verify-${steps}` : `chain-${steps}`, () =>
      chainSpec(steps, verify),
    );
  }

  #version(name: string, spec: () => ReturnType<typeof chainSpec>): Promise<string> {
    let version = this.#versions.get(name);
    if (version === undefined) {
      version = register(this.#store, name, spec());
      this.#versions.set(name, version);
    }
    return version;
  }

  /** Runs that begin with the same input. */
  async create(versionId: string, count: number, input: Json): Promise<string[]> {
    const now = Date.now();
    const runs = Array.from({ length: count }, () => ({
      id: newRunId(now),
      namespace: 'default',
      workflow: 'bench',
      versionId,
      input,
      labels: {},
      cause: { kind: 'test', name: 'bench' } as const,
      createdBy: 'bench',
      createdAt: now,
      idempotencyKey: null,
      parent: null,
    }));
    for (const { id } of runs) this.#open.add(id);
    for (let from = 0; from < runs.length; from += CHUNK) {
      const chunk = runs.slice(from, from + CHUNK);
      const created = await this.#store.ledger.createRuns(chunk);
      this.#bus.broadcast({ kind: 'nudge', runIds: chunk.map(({ id }) => id), created });
    }
    return runs.map(({ id }) => id);
  }

  /** All at once; resolves when the last has ended. */
  async throughput(runs: number, steps: number, verify = false): Promise<string[]> {
    const ids = await this.create(await this.chain(steps, verify), runs, {});
    await this.allEnd();
    return ids;
  }

  /** Runs of chains whose first step starts at this time, epoch ms. */
  async gated(options: { runs: number; steps: number; at: number }): Promise<string[]> {
    const { runs, steps, at } = options;
    const version = await this.#version(`gated-${steps}`, () => gatedSpec(steps));
    return this.create(version, runs, { at: new Date(at).toISOString() });
  }

  /** Asks once all ends were told of, and now and then before. */
  async allEnd(): Promise<void> {
    const end = performance.now() + LIMIT_MS;
    if (this.#open.size > 0) await this.#told();
    while ((await this.#sql`select id from run where status < 10 limit 1`).length > 0) {
      if (performance.now() > end) throw new Error(await this.#unfinished());
      await this.#told();
    }
    this.#open.clear();
  }

  #told(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, DOUBT_MS);
      this.#allTold = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  async #unfinished(): Promise<string> {
    const rows = await this.#sql`
      select id, workflow, status, seq, wake_at, created_at from run where status < 10 limit 20`;
    return `not ended in ${LIMIT_MS / 1000} s, now ${Date.now()}:\n${JSON.stringify(rows)}`;
  }

  /** One run; when each step began is told where the runner is in this process. */
  async runOne(steps: number): Promise<{ id: string; ms: number; marks: number[] }> {
    const version = await this.chain(steps);
    const began = performance.now();
    const own: number[] = [];
    const id = await this.#one(version, {}, own);
    return { id, ms: performance.now() - began, marks: own };
  }

  async fanout(count: number): Promise<{ id: string; ms: number }> {
    const version = await this.#version('fan', fanSpec);
    const items = Array.from({ length: count }, (_, index) => index);
    const began = performance.now();
    const id = await this.#one(version, { items }, []);
    return { id, ms: performance.now() - began };
  }

  async #one(version: string, input: Json, own: number[]): Promise<string> {
    const id = newRunId(Date.now());
    marks.set(id, own);
    const { promise, resolve, reject } = Promise.withResolvers<undefined>();
    let isAsking = false;
    const ask = (): void => {
      if (isAsking) return;
      isAsking = true;
      this.#isCompleted(id).then((done) => {
        isAsking = false;
        if (done) resolve(undefined);
      }, reject);
    };
    this.#waiting.set(id, ask);
    const doubt = setInterval(ask, DOUBT_MS);
    try {
      await this.#createOne(id, version, input);
      await promise;
      return id;
    } finally {
      clearInterval(doubt);
      this.#waiting.delete(id);
      marks.delete(id);
    }
  }

  async #createOne(id: string, versionId: string, input: Json): Promise<void> {
    const { run } = await this.#store.library.createRun({
      id,
      namespace: 'default',
      workflow: 'bench',
      versionId,
      input,
      labels: {},
      cause: { kind: 'test', name: 'bench' },
      createdBy: 'bench',
      createdAt: Date.now(),
      idempotencyKey: null,
      parent: null,
    });
    this.#bus.broadcast({ kind: 'nudge', runIds: [id], created: [run] });
  }

  async #isCompleted(id: string): Promise<boolean> {
    const run = await this.#store.library.getRun(id);
    if (run === null || !isFinal(run.status)) return false;
    if (run.status !== 'completed') throw new Error(`run ${id}: ${JSON.stringify(run.error)}`);
    return true;
  }

  close(): Promise<void> {
    return this.#sql.end();
  }
}
