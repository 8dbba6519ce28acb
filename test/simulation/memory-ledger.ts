import { createHash } from 'node:crypto';
import type { BlobStore } from '../../src/bus/bus.ts';
import type { Ledger, RevisionChange, RunChange } from '../../src/controller/ports.ts';
import type { NewRun, RunRequest } from '../../src/record/run.ts';
import type { SourceRecord } from '../../src/record/source.ts';
import type { ActivityEntry } from '../../src/task/task.ts';
import type { MemoryStore } from './memory-store.ts';

/** How calls reach the store: `Line` in the simulation, at once in the contract test. */
export interface Reach {
  call<T>(label: string, work: () => T): Promise<T>;
  /** Whether the store still sees the process at this end. */
  readonly isOpen: boolean;
}

/** The store's port as one process sees it. */
export class MemoryLedger implements Ledger, BlobStore {
  readonly #store: MemoryStore;
  readonly #line: Reach;

  constructor(store: MemoryStore, line: Reach) {
    this.#store = store;
    this.#line = line;
  }

  loadRuns(ids: readonly string[]) {
    return this.#line.call('loadRuns', () => this.#store.loadRuns(ids));
  }

  loadRequests(runIds: readonly string[]) {
    return this.#line.call('loadRequests', () => this.#store.loadRequests(runIds));
  }

  loadVersions(ids: readonly string[]) {
    return this.#line.call('loadVersions', () => this.#store.loadVersions(ids));
  }

  findWorkflows(refs: readonly { readonly namespace: string; readonly name: string }[]) {
    return this.#line.call('findWorkflows', () => this.#store.findWorkflows(refs));
  }

  commitRuns(changes: readonly RunChange[]) {
    // What is sent is what was there at the time of sending.
    const sent = structuredClone(changes);
    return this.#line.call('commitRuns', () => this.#store.commitRuns(sent));
  }

  createRuns(runs: readonly NewRun[]) {
    return this.#line.call('createRuns', () => this.#store.createRuns(runs));
  }

  createRun(run: NewRun) {
    return this.#line.call('createRun', () => this.#store.createRun(run));
  }

  saveActivity(entries: readonly ActivityEntry[]) {
    return this.#line.call('saveActivity', () => this.#store.saveActivity(entries));
  }

  dueRuns(now: number, limit: number) {
    return this.#line.call('dueRuns', () => this.#store.dueRuns(now, limit));
  }

  neglectedRuns(limit: number) {
    return this.#line.call('neglectedRuns', () => this.#store.neglectedRuns(limit));
  }

  unfinishedRuns(afterId: string, limit: number) {
    return this.#line.call('unfinishedRuns', () => this.#store.unfinishedRuns(afterId, limit));
  }

  orphanedChildren(limit: number) {
    return this.#line.call('orphanedChildren', () => this.#store.orphanedChildren(limit));
  }

  currentSeqs(runIds: readonly string[]) {
    return this.#line.call('currentSeqs', () => this.#store.currentSeqs(runIds));
  }

  childrenOf(runId: string) {
    return this.#line.call('childrenOf', () => this.#store.childrenOf(runId));
  }

  addRequest(request: RunRequest) {
    return this.#line.call('addRequest', () => this.#store.addRequest(request));
  }

  async withLock<T>(name: string, work: () => Promise<T>): Promise<T | null> {
    const line = this.#line;
    // One holder a call: a process does not let go of what it took again meanwhile.
    const holder = {
      get isOpen() {
        return line.isOpen;
      },
    };
    try {
      const hasTaken = await line.call('lock', () => this.#store.lock(name, holder));
      return hasTaken ? await work() : null;
    } finally {
      // Also when the answer was lost: a connection that breaks lets go of its lock.
      this.#store.unlock(name, holder);
    }
  }

  loadSource(name: string) {
    return this.#line.call('loadSource', () => structuredClone(this.#store.catalog.source(name)));
  }

  saveSource(source: SourceRecord) {
    return this.#line.call('saveSource', () => this.#store.catalog.saveSource(source));
  }

  applyRevision(change: RevisionChange) {
    return this.#line.call('applyRevision', () => this.#store.applyRevision(change));
  }

  recordEvents() {
    return this.#line.call('recordEvents', () => undefined);
  }

  get(digest: string) {
    return this.#line.call('getBlob', () => this.#store.getBlob(digest));
  }

  put(bytes: Uint8Array) {
    const digest = createHash('sha256').update(bytes).digest('hex');
    return this.#line.call('putBlob', () => {
      this.#store.putBlob(digest, bytes);
      return digest;
    });
  }
}
