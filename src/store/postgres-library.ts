import { createHash } from 'node:crypto';

import type {
  ActivityQuery,
  EventQuery,
  FactPage,
  FactSelection,
  Library,
  RecordedActivity,
  RunNews,
  RunPosition,
  RunQuery,
  RunSummary,
  SelectedFacts,
  TokenRecord,
  VersionSummary,
  WorkflowQuery,
  WorkflowWrite,
  WrittenWorkflow,
} from '../api/ports.ts';
import type { RunManifest } from '../controller/ports.ts';
import type { EventRecord, NewRun, RecordedFact, RunRecord, RunRequest } from '../record/run.ts';
import type { SourceRecord } from '../record/source.ts';
import type { VersionRecord, WorkflowRecord } from '../record/workflow.ts';
import { activitySinceEach } from './activity-since-each.ts';
import { addRequest } from './add-request.ts';
import type { Sql } from './connect.ts';
import { createManifestRun, createRun, type CreatedRun } from './create-run.ts';
import { deleteWorkflow } from './delete-workflow.ts';
import { factsSinceEach } from './facts-since-each.ts';
import { factsWithin } from './facts-within.ts';
import { findToken } from './find-token.ts';
import { getRun } from './get-run.ts';
import { getVersion } from './get-version.ts';
import { getWorkflow } from './get-workflow.ts';
import { listActivity } from './list-activity.ts';
import { listEvents } from './list-events.ts';
import { listRuns } from './list-runs.ts';
import { listSources } from './list-sources.ts';
import { listVersions } from './list-versions.ts';
import { listWorkflows } from './list-workflows.ts';
import { loadBlob } from './load-blob.ts';
import { loadSource } from './load-source.ts';
import { loadVersions } from './load-versions.ts';
import { ping } from './ping.ts';
import { putWorkflow } from './put-workflow.ts';
import { requestReconcile } from './request-reconcile.ts';
import { runIdsWithPrefix } from './run-ids-with-prefix.ts';
import { saveBlobs } from './save-blobs.ts';
import { suspendSource } from './suspend-source.ts';
import type { Transactions } from './transaction.ts';

export interface LibraryConnections {
  /** Key lookups. */
  readonly sql: Sql;
  /** Lists, planned anew for the values of each. */
  readonly lists: Sql;
  readonly transactions: Transactions;
}

/** What the API reads and writes, on Postgres: each method is one file beside this one. */
export class PostgresLibrary implements Library {
  readonly #sql: Sql;
  readonly #lists: Sql;
  readonly #transactions: Transactions;

  constructor(connections: LibraryConnections) {
    this.#sql = connections.sql;
    this.#lists = connections.lists;
    this.#transactions = connections.transactions;
  }

  findToken(hash: string): Promise<TokenRecord | null> {
    return findToken(this.#sql, hash);
  }

  async putBlob(bytes: Uint8Array): Promise<string> {
    const digest = createHash('sha256').update(bytes).digest('hex');
    await saveBlobs(this.#sql, [{ digest, bytes }], Date.now());
    return digest;
  }

  getBlob(digest: string): Promise<Uint8Array | null> {
    return loadBlob(this.#sql, digest);
  }

  ping(): Promise<number> {
    return ping(this.#sql);
  }

  listWorkflows(query: WorkflowQuery): Promise<WorkflowRecord[]> {
    return listWorkflows(this.#lists, query);
  }

  getWorkflow(namespace: string, name: string): Promise<WorkflowRecord | null> {
    return getWorkflow(this.#sql, namespace, name);
  }

  loadVersions(ids: readonly string[]): Promise<VersionRecord[]> {
    return loadVersions(this.#sql, ids);
  }

  listVersions(
    workflowId: string,
    page: { before: number; limit: number },
  ): Promise<VersionSummary[]> {
    return listVersions(this.#sql, workflowId, page);
  }

  getVersion(workflowId: string, number: number): Promise<VersionRecord | null> {
    return getVersion(this.#sql, workflowId, number);
  }

  putWorkflow(write: WorkflowWrite): Promise<WrittenWorkflow> {
    return putWorkflow(this.#transactions, write);
  }

  deleteWorkflow(namespace: string, name: string, now: number): Promise<boolean> {
    return deleteWorkflow(this.#sql, { namespace, name }, now);
  }

  createRun(run: NewRun): Promise<CreatedRun> {
    return createRun(this.#sql, run);
  }

  createManifestRun(manifest: RunManifest, run: NewRun): Promise<CreatedRun> {
    return createManifestRun(this.#transactions, manifest, run);
  }

  getRun(id: string): Promise<RunRecord | null> {
    return getRun(this.#sql, id);
  }

  runIdsWithPrefix(prefix: string, limit: number): Promise<string[]> {
    return runIdsWithPrefix(this.#sql, prefix, limit);
  }

  listRuns(query: RunQuery): Promise<RunSummary[]> {
    return listRuns(this.#lists, query);
  }

  async factsSince(runId: string, seq: number, page: FactPage): Promise<readonly RecordedFact[]> {
    const { found } = await factsSinceEach(this.#sql, [{ runId, seq }], page);
    return found.get(runId) ?? [];
  }

  factsWithin(runId: string, selection: FactSelection): Promise<SelectedFacts> {
    return factsWithin(this.#sql, runId, selection);
  }

  activity(query: ActivityQuery): Promise<RecordedActivity[]> {
    return listActivity(this.#sql, query);
  }

  /** Facts first: what a step wrote before its checkpoint is then read with it. */
  async newsOf(runs: readonly RunPosition[], page: FactPage): Promise<RunNews> {
    const facts = await factsSinceEach(this.#sql, runs, page);
    const activity = await activitySinceEach(this.#sql, runs, page);
    const cut = new Set([...facts.cut, ...activity.cut]);
    return { facts: facts.found, activity: activity.found, cut };
  }

  addRequest(request: RunRequest): Promise<void> {
    return addRequest(this.#sql, request);
  }

  listSources(): Promise<SourceRecord[]> {
    return listSources(this.#sql);
  }

  getSource(name: string): Promise<SourceRecord | null> {
    return loadSource(this.#sql, name);
  }

  requestReconcile(name: string, token: string): Promise<SourceRecord | null> {
    return requestReconcile(this.#sql, name, token);
  }

  setSuspended(name: string, suspended: boolean): Promise<SourceRecord | null> {
    return suspendSource(this.#sql, name, suspended);
  }

  listEvents(query: EventQuery): Promise<EventRecord[]> {
    return listEvents(this.#lists, query);
  }
}
