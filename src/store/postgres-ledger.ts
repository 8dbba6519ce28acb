import type {
  AppliedRevision,
  ChildEnd,
  Ledger,
  LoadedRun,
  NewEvent,
  RevisionChange,
  RunChange,
} from '../controller/ports.ts';
import type { NewRun, RunRecord, RunRequest } from '../record/run.ts';
import type { SourceRecord } from '../record/source.ts';
import type { VersionRecord, WorkflowRecord } from '../record/workflow.ts';
import type { ActivityEntry } from '../task/task.ts';
import { addRequest } from './add-request.ts';
import { applyRevision } from './apply-revision.ts';
import { childrenOf } from './children-of.ts';
import { currentSeqs } from './current-seqs.ts';
import { commitRuns } from './commit-runs.ts';
import type { Sql } from './connect.ts';
import { createRuns } from './create-runs.ts';
import { dueRuns } from './due-runs.ts';
import { findWorkflows } from './find-workflows.ts';
import { KnownSources } from './known-sources.ts';
import { loadRequests } from './load-requests.ts';
import { loadRuns } from './load-runs.ts';
import { loadVersions } from './load-versions.ts';
import { neglectedRuns } from './neglected-runs.ts';
import { orphanedChildren } from './orphaned-children.ts';
import { recordEvents } from './record-events.ts';
import { saveActivity } from './save-activity.ts';
import type { Transactions } from './transaction.ts';
import { isTransient } from './transient.ts';
import { UnwritableBatch } from './unwritable-batch.ts';
import { unfinishedRuns } from './unfinished-runs.ts';
import type { Locks } from './with-lock.ts';

export interface LedgerConnections {
  readonly sql: Sql;
  readonly transactions: Transactions;
  readonly locks: Locks;
}

/** The ledger on Postgres: each method is one file beside this one. */
export class PostgresLedger implements Ledger {
  readonly #sql: Sql;
  readonly #transactions: Transactions;
  readonly #locks: Locks;
  readonly #sources = new KnownSources();

  constructor(connections: LedgerConnections) {
    this.#sql = connections.sql;
    this.#transactions = connections.transactions;
    this.#locks = connections.locks;
  }

  loadRuns(ids: readonly string[]): Promise<LoadedRun[]> {
    return loadRuns(this.#sql, ids);
  }

  loadRequests(runIds: readonly string[]): Promise<RunRequest[]> {
    return loadRequests(this.#sql, runIds);
  }

  loadVersions(ids: readonly string[]): Promise<VersionRecord[]> {
    return loadVersions(this.#sql, ids);
  }

  findWorkflows(
    refs: readonly { readonly namespace: string; readonly name: string }[],
  ): Promise<WorkflowRecord[]> {
    return findWorkflows(this.#sql, refs);
  }

  async commitRuns(changes: readonly RunChange[]): Promise<ReadonlySet<string>> {
    try {
      return await commitRuns(this.#sql, changes);
    } catch (error) {
      throw isTransient(error) ? error : new UnwritableBatch(error);
    }
  }

  createRuns(runs: readonly NewRun[]): Promise<RunRecord[]> {
    return createRuns(this.#sql, runs);
  }

  saveActivity(entries: readonly ActivityEntry[]): Promise<void> {
    return saveActivity(this.#sql, entries);
  }

  dueRuns(now: number, limit: number): Promise<string[]> {
    return dueRuns(this.#sql, now, limit);
  }

  neglectedRuns(limit: number): Promise<string[]> {
    return neglectedRuns(this.#sql, limit);
  }

  unfinishedRuns(afterId: string, limit: number): Promise<string[]> {
    return unfinishedRuns(this.#sql, afterId, limit);
  }

  orphanedChildren(limit: number): Promise<ChildEnd[]> {
    return orphanedChildren(this.#sql, limit);
  }

  currentSeqs(runIds: readonly string[]): Promise<ReadonlyMap<string, number>> {
    return currentSeqs(this.#sql, runIds);
  }

  childrenOf(runId: string): Promise<string[]> {
    return childrenOf(this.#sql, runId);
  }

  addRequest(request: RunRequest): Promise<void> {
    return addRequest(this.#sql, request);
  }

  withLock<T>(name: string, work: () => Promise<T>): Promise<T | null> {
    return this.#locks.run(name, work);
  }

  loadSource(name: string): Promise<SourceRecord | null> {
    return this.#sources.load(this.#sql, name);
  }

  saveSource(source: SourceRecord): Promise<void> {
    return this.#sources.save(this.#sql, source);
  }

  applyRevision(change: RevisionChange): Promise<AppliedRevision> {
    const [transactions, sources] = [this.#transactions, this.#sources];
    return applyRevision({ transactions, sources }, change);
  }

  recordEvents(events: readonly NewEvent[]): Promise<void> {
    return recordEvents(this.#sql, events);
  }
}
