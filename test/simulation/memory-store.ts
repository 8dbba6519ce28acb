import type {
  AppliedRevision,
  ChildEnd,
  LoadedRun,
  RevisionChange,
  RunChange,
} from '../../src/controller/ports.ts';
import type { Fact } from '../../src/engine/fact.ts';
import type { NewRun, RunRecord, RunRequest } from '../../src/record/run.ts';
import type { VersionRecord, WorkflowRecord } from '../../src/record/workflow.ts';
import type { ActivityEntry } from '../../src/task/task.ts';
import { MemoryCatalog } from './memory-catalog.ts';

/** Whoever has a lock; gone, it has let go of it. */
export interface LockHolder {
  readonly isOpen: boolean;
}

/** Told of every write, at the moment it is made. */
export interface StoreWatcher {
  created(run: RunRecord): void;
  committed(change: RunChange): void;
  requested(request: RunRequest): void;
}

const UNWATCHED: StoreWatcher = {
  created: () => undefined,
  committed: () => undefined,
  requested: () => undefined,
};

export interface StoreOptions {
  readonly watcher?: StoreWatcher;
  /** Off only in the test of the test. */
  readonly isGuarded?: boolean;
}

/**
 * What the Postgres ledger keeps, in memory, with the same meaning: each method is one statement,
 * atomic at one moment. JSON is kept as text, so that nobody shares an object with the store.
 */
export class MemoryStore {
  readonly #runs = new Map<string, RunRecord>();
  readonly #facts = new Map<string, string[]>();
  readonly #requests = new Map<string, RunRequest>();
  readonly #keys = new Map<string, string>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #activity = new Set<string>();
  readonly #locks = new Map<string, LockHolder>();
  readonly catalog = new MemoryCatalog({
    put: (run) => this.createRun(run).run.id,
    isUnfinished: (id) => this.#unfinished().some((run) => run.id === id),
    ask: (request) => this.addRequest(request),
  });
  readonly #watcher: StoreWatcher;
  readonly #isGuarded: boolean;

  constructor(options: StoreOptions = {}) {
    this.#watcher = options.watcher ?? UNWATCHED;
    this.#isGuarded = options.isGuarded ?? true;
  }

  run(id: string): RunRecord | undefined {
    return this.#runs.get(id);
  }

  get runs(): RunRecord[] {
    return [...this.#runs.values()];
  }

  get requestCount(): number {
    return this.#requests.size;
  }

  loadRuns(ids: readonly string[]): LoadedRun[] {
    return ids.flatMap((id) => {
      const run = this.#runs.get(id);
      if (run === undefined) return [];
      const facts = (this.#facts.get(id) ?? []).map((text, index) => {
        return { seq: index + 1, fact: JSON.parse(text) as Fact };
      });
      return [{ run: copy(run), facts, requests: this.loadRequests([id]) }];
    });
  }

  loadRequests(runIds: readonly string[]): RunRequest[] {
    const wanted = new Set(runIds);
    const found = [...this.#requests.values()].filter(({ runId }) => wanted.has(runId));
    return copy(found.toSorted((a, b) => a.createdAt - b.createdAt || order(a.id, b.id)));
  }

  loadVersions(ids: readonly string[]): VersionRecord[] {
    return ids.flatMap((id) => this.catalog.version(id) ?? []);
  }

  findWorkflows(refs: readonly { namespace: string; name: string }[]): WorkflowRecord[] {
    return refs.flatMap((ref) => this.catalog.find(ref));
  }

  commitRuns(changes: readonly RunChange[]): Set<string> {
    if (new Set(changes.map(({ id }) => id)).size < changes.length) {
      throw new RangeError('a run appears twice in one batch');
    }
    const committed = new Set<string>();
    for (const change of changes) {
      const run = this.#runs.get(change.id);
      if (run === undefined || (this.#isGuarded && run.seq !== change.expectedSeq)) continue;
      this.#commit(run, change);
      committed.add(change.id);
    }
    return committed;
  }

  #commit(run: RunRecord, change: RunChange): void {
    const facts = this.#facts.get(run.id) ?? [];
    facts.push(...change.facts.map((fact) => JSON.stringify(fact)));
    this.#facts.set(run.id, facts);
    const hasEnded = change.finishedAt !== null;
    this.#runs.set(run.id, {
      ...run,
      seq: this.#isGuarded ? change.expectedSeq + change.facts.length : facts.length,
      status: change.status,
      startedAt: change.startedAt,
      finishedAt: change.finishedAt,
      wakeAt: change.wakeAt,
      output: hasEnded ? copy(change.output) : null,
      error: hasEnded ? copy(change.error) : null,
      input: change.input === undefined ? run.input : copy(change.input),
    });
    for (const id of change.answered) this.#requests.delete(id);
    for (const request of change.asked) {
      const target = this.#runs.get(request.runId);
      if (target !== undefined && !isFinished(target)) this.addRequest(request);
    }
    this.#watcher.committed(change);
    this.#insert(change.children);
  }

  createRun(run: NewRun): { readonly run: RunRecord; readonly created: boolean } {
    const isKnown = this.#runs.has(run.id);
    const [found] = this.createRuns([run]);
    if (found === undefined) throw new Error(`run ${run.id} was not created`);
    return { run: found, created: !isKnown && found.id === run.id };
  }

  createRuns(runs: readonly NewRun[]): RunRecord[] {
    this.#insert(runs);
    return runs.map((run) => {
      const byKey = run.idempotencyKey === null ? undefined : this.#keys.get(idempotencyOf(run));
      const found = this.#runs.get(run.id) ?? this.#runs.get(byKey ?? '');
      if (found === undefined) throw new Error(`run ${run.id} was neither created nor found`);
      return copy(found);
    });
  }

  #insert(runs: readonly NewRun[]): void {
    for (const { idempotencyKey, ...run } of runs) {
      const key = idempotencyKey === null ? null : idempotencyOf({ ...run, idempotencyKey });
      if (this.#runs.has(run.id) || (key !== null && this.#keys.has(key))) continue;
      const version = this.catalog.version(run.versionId);
      if (version === undefined) throw new Error(`version ${run.versionId} does not exist`);
      if (key !== null) this.#keys.set(key, run.id);
      const record: RunRecord = {
        ...copy(run),
        versionNumber: version.number,
        status: 'pending',
        seq: 0,
        output: null,
        error: null,
        startedAt: null,
        finishedAt: null,
        wakeAt: null,
      };
      this.#runs.set(run.id, record);
      this.#watcher.created(record);
    }
  }

  dueRuns(now: number, limit: number): string[] {
    const due = this.#unfinished().filter(({ wakeAt }) => wakeAt !== null && wakeAt <= now);
    return ids(
      due.toSorted((a, b) => (a.wakeAt ?? 0) - (b.wakeAt ?? 0)),
      limit,
    );
  }

  neglectedRuns(limit: number): string[] {
    const asked = [...this.#requests.values()].map(({ runId }) => runId);
    const pending = this.#unfinished().filter(({ status }) => status === 'pending');
    return [...new Set([...asked, ...pending.map(({ id }) => id)])].slice(0, limit);
  }

  unfinishedRuns(afterId: string, limit: number): string[] {
    const later = this.#unfinished().filter(({ id }) => id > afterId);
    return ids(
      later.toSorted((a, b) => order(a.id, b.id)),
      limit,
    );
  }

  orphanedChildren(limit: number): ChildEnd[] {
    const orphans = this.runs.filter((run) => isFinished(run) && !this.#isTold(run));
    return copy(orphans.slice(0, limit).map((child) => ({ child })));
  }

  #isTold({ parent }: RunRecord): boolean {
    if (parent === null) return true;
    const run = this.#runs.get(parent.runId);
    if (run === undefined || isFinished(run)) return true;
    return (this.#facts.get(parent.runId) ?? []).some((text) => {
      const fact = JSON.parse(text) as Fact;
      if (fact.kind !== 'attempt' || fact.step !== parent.step) return false;
      return fact.item === parent.item && fact.attempt === parent.attempt;
    });
  }

  currentSeqs(runIds: readonly string[]): Map<string, number> {
    const known = runIds.filter((id) => this.#runs.has(id));
    return new Map(known.map((id) => [id, this.#runs.get(id)?.seq ?? 0]));
  }

  childrenOf(runId: string): string[] {
    const children = this.#unfinished().filter(({ parent }) => parent?.runId === runId);
    return ids(
      children.toSorted((a, b) => order(a.id, b.id)),
      Infinity,
    );
  }

  #unfinished(): RunRecord[] {
    return this.runs.filter((run) => !isFinished(run));
  }

  addRequest(request: RunRequest): void {
    if (!this.#runs.has(request.runId)) throw new Error(`run ${request.runId} does not exist`);
    if (this.#requests.has(request.id)) return;
    this.#requests.set(request.id, copy(request));
    this.#watcher.requested(request);
  }

  /** Without a run's commit: only for the test of the test. */
  dropRequests(ids: readonly string[]): void {
    for (const id of ids) this.#requests.delete(id);
  }

  /** True when the lock was free; whoever got it lets it go with `unlock`, or by its end. */
  lock(name: string, holder: LockHolder): boolean {
    if (this.#locks.get(name)?.isOpen === true) return false;
    this.#locks.set(name, holder);
    return true;
  }

  unlock(name: string, holder: LockHolder): void {
    if (this.#locks.get(name) === holder) this.#locks.delete(name);
  }

  /** As if the connections that hold them broke: their holders do not know. */
  dropLocks(): void {
    this.#locks.clear();
  }

  applyRevision(change: RevisionChange): AppliedRevision {
    const applied = this.catalog.apply(copy(change));
    for (const { digest, bytes } of change.files) this.putBlob(digest, bytes);
    return applied;
  }

  saveActivity(entries: readonly ActivityEntry[]): void {
    for (const entry of entries) this.#activity.add(JSON.stringify(entry));
  }

  hasActivity(entry: ActivityEntry): boolean {
    return this.#activity.has(JSON.stringify(entry));
  }

  getBlob(digest: string): Uint8Array | null {
    return this.#blobs.get(digest) ?? null;
  }

  putBlob(digest: string, bytes: Uint8Array): void {
    this.#blobs.set(digest, bytes);
  }
}

function isFinished({ status }: RunRecord): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

function ids(runs: readonly RunRecord[], limit: number): string[] {
  return runs.slice(0, limit).map(({ id }) => id);
}

function idempotencyOf({
  namespace,
  idempotencyKey,
}: Pick<NewRun, 'namespace' | 'idempotencyKey'>): string {
  return `${namespace}\n${idempotencyKey ?? ''}`;
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function copy<T>(value: T): T {
  return structuredClone(value);
}
