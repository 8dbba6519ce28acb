import type {
  AppliedRevision,
  ChildEnd,
  LoadedRun,
  RevisionChange,
  RunChange,
  WorkflowChange,
} from '../../src/controller/ports.ts';
import type { Fact } from '../../src/engine/fact.ts';
import { namedUuid } from '../../src/engine/hash.ts';
import type { NewRun, RunRecord, RunRequest } from '../../src/record/run.ts';
import type { SourceRecord } from '../../src/record/source.ts';
import type { VersionRecord, WorkflowRecord } from '../../src/record/workflow.ts';

/** Told of every write, at the moment it is made. */
export interface StoreWatcher {
  created(run: RunRecord): void;
  committed(change: RunChange): void;
}

const UNWATCHED: StoreWatcher = { created: () => undefined, committed: () => undefined };

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
  readonly #versions = new Map<string, VersionRecord>();
  /** How many versions each workflow has, by its id. */
  readonly #numbers = new Map<string, number>();
  readonly #workflows = new Map<string, WorkflowRecord>();
  readonly #sources = new Map<string, SourceRecord>();
  readonly #blobs = new Map<string, Uint8Array>();
  readonly #locks = new Set<string>();
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
    return ids.flatMap((id) => this.#versions.get(id) ?? []);
  }

  findWorkflows(refs: readonly { namespace: string; name: string }[]): WorkflowRecord[] {
    return refs.flatMap((ref) => this.#workflows.get(keyOf(ref)) ?? []);
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
      const version = this.#versions.get(run.versionId);
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
    if (!this.#requests.has(request.id)) this.#requests.set(request.id, copy(request));
  }

  /** True when the lock was free; whoever got it lets it go with `unlock`. */
  lock(name: string): boolean {
    if (this.#locks.has(name)) return false;
    this.#locks.add(name);
    return true;
  }

  unlock(name: string): void {
    this.#locks.delete(name);
  }

  loadSource(name: string): SourceRecord | null {
    return copy(this.#sources.get(name) ?? null);
  }

  saveSource(source: SourceRecord): void {
    this.#sources.set(source.name, copy(source));
  }

  /** Only what the simulation declares: workflows. */
  applyRevision(change: RevisionChange): AppliedRevision {
    if (change.runs.length > 0 || change.pruned.length > 0) {
      throw new Error('the memory ledger keeps no Run manifests and prunes nothing');
    }
    const created = change.workflows.filter((each) => {
      return this.#workflows.get(keyOf(each))?.digest !== each.digest;
    });
    for (const each of created) this.#register(each, change);
    this.saveSource(change.source);
    const names = created.map(({ name }) => `workflow/${name}`);
    return { created: names, configured: [], unchanged: [], pruned: [], runIds: [] };
  }

  #register(workflow: WorkflowChange, { source, now }: RevisionChange): void {
    const { namespace, name, title, description, labels, annotations, digest } = workflow;
    const id = namedUuid(keyOf(workflow));
    const number = (this.#numbers.get(id) ?? 0) + 1;
    this.#numbers.set(id, number);
    const versionId = namedUuid(`${keyOf(workflow)}@${number}`);
    const shared = { namespace, digest, createdAt: now };
    this.#versions.set(versionId, {
      ...shared,
      id: versionId,
      workflowId: id,
      workflow: name,
      number,
      graph: workflow.graph,
      manifest: workflow.manifest,
      origin: workflow.origin,
    });
    this.#workflows.set(keyOf(workflow), {
      ...shared,
      ...{ id, name, title, description, labels, annotations, versionId },
      owner: source.name,
      suspended: false,
      versionNumber: number,
      updatedAt: now,
      deletedAt: null,
    });
  }

  /** As if its source no longer declared it: no new runs, its versions stay. */
  pruneWorkflow(ref: { namespace: string; name: string }): void {
    this.#workflows.delete(keyOf(ref));
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

function keyOf({ namespace, name }: { namespace: string; name: string }): string {
  return `${namespace}/${name}`;
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
