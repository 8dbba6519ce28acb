import { fold } from '../engine/fold.ts';
import { initialState } from '../engine/state.ts';
import type { RunRequest } from '../record/run.ts';
import type { LoadedRun, Ledger } from './ports.ts';
import type { Programs } from './programs.ts';
import type { CachedRun, RunCache } from './run-cache.ts';
import type { Program } from '../graph/program.ts';

export interface RunsAtHand {
  readonly runs: ReadonlyMap<string, CachedRun>;
  readonly requests: readonly RunRequest[];
  /** Those that were read from the ledger just now. */
  readonly loaded: ReadonlySet<string>;
  /** Those that exist but cannot be brought to hand, and why: a defect of ours. */
  readonly broken: ReadonlyMap<string, unknown>;
}

/** Brings runs to hand: from the cache, or folded anew from their recorded facts. */
export class RunLoader {
  readonly #ledger: Ledger;
  readonly #programs: Programs;
  readonly #cache: RunCache;

  constructor(parts: { ledger: Ledger; programs: Programs; cache: RunCache }) {
    this.#ledger = parts.ledger;
    this.#programs = parts.programs;
    this.#cache = parts.cache;
  }

  /** Unknown runs are left out. `withRequests` names the runs whose inbox is to be read. */
  async load(ids: readonly string[], withRequests: readonly string[]): Promise<RunsAtHand> {
    const runs = new Map<string, CachedRun>();
    const missing: string[] = [];
    for (const id of ids) {
      const run = this.#cache.get(id);
      if (run === undefined) missing.push(id);
      else runs.set(id, run);
    }
    const requests: RunRequest[] = [];
    const broken = new Map<string, unknown>();
    if (missing.length > 0) {
      const loaded = await this.#ledger.loadRuns(missing);
      const programOf = await this.#programs.load(loaded.map(({ run }) => run.versionId));
      for (const each of loaded) {
        try {
          runs.set(each.run.id, replay(programOf(each.run.versionId), each));
          requests.push(...each.requests);
        } catch (error) {
          broken.set(each.run.id, error);
        }
      }
    }
    const cached = withRequests.filter((id) => !missing.includes(id));
    if (cached.length > 0) requests.push(...(await this.#ledger.loadRequests(cached)));
    return { runs, requests, loaded: new Set(missing), broken };
  }
}

function replay(program: Program, { run, facts }: LoadedRun): CachedRun {
  const identity = {
    id: run.id,
    namespace: run.namespace,
    workflow: run.workflow,
    versionNumber: run.versionNumber,
    createdAt: run.createdAt,
  };
  const state = initialState(program, identity, run.input);
  for (const { fact } of facts) fold(program, state, fact);
  return { record: run, program, state, seq: run.seq, isFresh: run.seq > 0 };
}
