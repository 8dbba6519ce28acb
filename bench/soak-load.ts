import { until } from '../test/services/until.ts';
import { kinds, writeManifests, type Kind } from './soak-manifests.ts';
import type { System } from './system.ts';

const LIMITS = { timeoutMs: 120_000, everyMs: 20 };
/** Runs are created in portions, so that old and new ones are under way together. */
const PORTIONS = 4;

/** Puts slices of an ordinary day's load through a system, each with every kind of run. */
export class SoakLoad {
  readonly #system: System;
  readonly #source: string;
  #edition = 0;
  #versions: ReadonlyMap<string, string> = new Map();

  constructor(system: System, source: string) {
    this.#system = system;
    this.#source = source;
  }

  /**
   * About `hundreds` × 1,000 steps, of new versions if asked; resolves to the steps made once all
   * is as it should be.
   */
  async slice(hundreds: number, isNew: boolean): Promise<number> {
    if (isNew) this.#versions = await this.#newVersions();
    const started: { kind: Kind; ids: string[] }[] = [];
    for (let portion = 0; portion < PORTIONS; portion += 1) {
      for (const kind of kinds) {
        const count = Math.round((kind.runs * hundreds) / PORTIONS);
        const version = this.#versions.get(kind.name) ?? '';
        const ids = await this.#system.client.create(version, count, { portion });
        started.push({ kind, ids });
        if (kind.ends === 'cancelled') await this.#cancel(ids);
      }
    }
    await this.#system.client.allEnd();
    for (const { kind, ids } of started) await this.#demand(kind, ids);
    return started.reduce((sum, { kind, ids }) => sum + kind.steps * ids.length, 0);
  }

  /** A new edition of every manifest, once the controller has applied it. */
  async #newVersions(): Promise<ReadonlyMap<string, string>> {
    const { library } = this.#system.store;
    this.#edition += 1;
    writeManifests(this.#source, this.#edition);
    const versions = new Map<string, string>();
    for (const { name } of kinds) {
      const look = async (): Promise<string | undefined> => {
        const workflow = await library.getWorkflow('default', `soak-${name}`);
        return workflow?.title === `Edition ${this.#edition}` ? workflow.versionId : undefined;
      };
      versions.set(name, await until(`soak-${name} is applied`, look, LIMITS));
    }
    return versions;
  }

  async #cancel(ids: readonly string[]): Promise<void> {
    const { store, bus } = this.#system;
    for (const runId of ids) {
      const body = { kind: 'cancel', reason: 'soak' } as const;
      const id = `${runId}.soak`;
      await store.library.addRequest({ id, runId, createdAt: Date.now(), by: 'soak', body });
    }
    bus.broadcast({ kind: 'nudge', runIds: ids });
  }

  /** Every run has ended as its kind does. */
  async #demand({ name, ends }: Kind, ids: readonly string[]): Promise<void> {
    const code = { completed: 10, failed: 11, cancelled: 12 }[ends];
    const [row] = await this.#system.client.sql<{ right: number }[]>`
      select count(*)::int4 as right
      from run
      where id = any(${ids}::uuid[]) and status = ${code}::int2`;
    if (row?.right === ids.length) return;
    throw new Error(`${row?.right ?? 0} of ${ids.length} runs of kind "${name}" are ${ends}`);
  }
}
