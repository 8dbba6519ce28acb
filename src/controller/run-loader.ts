import { fold } from '../engine/fold.ts';
import { initialState } from '../engine/state.ts';
import type { RunRecord, RunRequest } from '../record/run.ts';
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

/** Records of new runs that wait to be looked at; what comes beyond is read from the ledger. */
const MOST_NEW = 5000;

/**
 * Brings runs to hand: from the cache, from the news that they were created, or folded anew from
 * their recorded facts.
 */
export class RunLoader {
  /** A hint: if a run has moved on since, its commit is refused, and then it is loaded. */
  readonly #new = new Map<string, RunRecord>();
  readonly #ledger: Ledger;
  readonly #programs: Programs;
  readonly #cache: RunCache;

  constructor(parts: { ledger: Ledger; programs: Programs; cache: RunCache }) {
    this.#ledger = parts.ledger;
    this.#programs = parts.programs;
    this.#cache = parts.cache;
  }

  /** Tells of runs that were just created; each is to be looked at, which forgets it here. */
  expect(created: readonly RunRecord[]): void {
    for (const run of created) {
      if (run.seq === 0 && this.#new.size < MOST_NEW) this.#new.set(run.id, run);
    }
  }

  /** Unknown runs are left out. `withRequests` names the runs whose inbox is to be read. */
  async load(ids: readonly string[], withRequests: readonly string[]): Promise<RunsAtHand> {
    const runs = new Map<string, CachedRun>();
    const broken = new Map<string, unknown>();
    const requests: RunRequest[] = [];
    const missing = new Set<string>();
    const found: LoadedRun[] = [];
    for (const id of ids) {
      const [run, created] = [this.#cache.get(id), this.#new.get(id)];
      this.#new.delete(id);
      if (run !== undefined) runs.set(id, run);
      else if (created === undefined) missing.add(id);
      else found.push({ run: created, facts: [], requests: [] });
    }
    if (missing.size > 0) found.push(...(await this.#ledger.loadRuns([...missing])));
    if (found.length > 0) {
      const programOf = await this.#programs.load(found.map(({ run }) => run.versionId));
      for (const each of found) {
        try {
          runs.set(each.run.id, replay(programOf(each.run.versionId), each));
          requests.push(...each.requests);
        } catch (error) {
          broken.set(each.run.id, error);
        }
      }
    }
    const atHand = withRequests.filter((id) => !missing.has(id));
    if (atHand.length > 0) requests.push(...(await this.#ledger.loadRequests(atHand)));
    return { runs, requests, loaded: missing, broken };
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
