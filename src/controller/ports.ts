import type { Consumer } from '../bus/bus.ts';
import type { Fact, RunError } from '../engine/fact.ts';
import type { Json, JsonObject } from '../expr/json.ts';
import type { Graph } from '../graph/graph.ts';
import type {
  EventRecord,
  NewRun,
  RecordedFact,
  RunRecord,
  RunRequest,
  RunStatus,
} from '../record/run.ts';
import type { InventoryEntry, SourceRecord } from '../record/source.ts';
import type { Origin, VersionRecord, WorkflowRecord } from '../record/workflow.ts';
import type { ActivityEntry } from '../task/task.ts';

/** What the controller needs of the ledger. The store implements it. */
export interface Ledger {
  /** Runs with all their facts in order and their waiting requests; unknown ids are left out. */
  loadRuns(ids: readonly string[]): Promise<LoadedRun[]>;
  /** The waiting requests of these runs, oldest first: for runs whose state is at hand. */
  loadRequests(runIds: readonly string[]): Promise<RunRequest[]>;
  loadVersions(ids: readonly string[]): Promise<VersionRecord[]>;
  /** Newest version of each `(namespace, name)` that exists and is not deleted. */
  findWorkflows(
    refs: readonly { readonly namespace: string; readonly name: string }[],
  ): Promise<WorkflowRecord[]>;

  /**
   * One statement, all or nothing per run: a run whose `seq` is not `expectedSeq` any more is left
   * out whole (facts, children, requests). Returns the ids of the runs that were committed. Rejects
   * with an error named UnwritableBatch when the data of some run can never be written.
   */
  commitRuns(changes: readonly RunChange[]): Promise<ReadonlySet<string>>;

  /** Idempotent by id and by idempotency key; returns the run that exists now for each. */
  createRuns(runs: readonly NewRun[]): Promise<RunRecord[]>;

  saveActivity(entries: readonly ActivityEntry[]): Promise<void>;

  /** Unfinished runs whose wakeAt has passed, oldest first. */
  dueRuns(now: number, limit: number): Promise<string[]>;
  /** Runs with a request in their inbox, and pending ones never started; the level trigger. */
  neglectedRuns(limit: number): Promise<string[]>;
  /** All unfinished runs after this id, in id order: the slow sweep and the start-up pass. */
  unfinishedRuns(afterId: string, limit: number): Promise<string[]>;
  /** Finished children whose parent step has not recorded their end. */
  orphanedChildren(limit: number): Promise<ChildEnd[]>;
  /** The sequence number that each of these runs has now; unknown ids are left out. */
  currentSeqs(runIds: readonly string[]): Promise<ReadonlyMap<string, number>>;
  /** Unfinished children of a run, for cancel propagation. */
  childrenOf(runId: string): Promise<string[]>;
  addRequest(request: RunRequest): Promise<void>;

  /** Runs `work` if no other controller holds this lock; null when another does. */
  withLock<T>(name: string, work: () => Promise<T>): Promise<T | null>;

  loadSource(name: string): Promise<SourceRecord | null>;
  /**
   * Inserts or replaces; `requestedToken` and `suspended` of a source that is there stay as they
   * are, as the API may have changed them since the caller read them.
   */
  saveSource(source: SourceRecord): Promise<void>;
  /**
   * Registers versions, creates Run-manifest runs, prunes and records the source's status, in one
   * transaction. Refuses with an OwnershipConflict when another source owns an object.
   */
  applyRevision(change: RevisionChange): Promise<AppliedRevision>;
  recordEvents(events: readonly NewEvent[]): Promise<void>;
}

export interface LoadedRun {
  readonly run: RunRecord;
  readonly facts: readonly RecordedFact[];
  readonly requests: readonly RunRequest[];
}

export interface ChildEnd {
  readonly child: RunRecord;
}

/** All that one batch changes about one run. */
export interface RunChange {
  readonly id: string;
  readonly expectedSeq: number;
  readonly status: RunStatus;
  readonly startedAt: number | null;
  readonly finishedAt: number | null;
  readonly wakeAt: number | null;
  /** Written only when `finishedAt` is set. */
  readonly output: Json;
  readonly error: RunError | null;
  /** Written only when a reopening changed it; undefined leaves it. */
  readonly input?: Json;
  /** Numbered expectedSeq + 1, + 2, …; the run's seq becomes the last. */
  readonly facts: readonly Fact[];
  readonly children: readonly NewRun[];
  /** Requests that these facts answer; deleted from the inbox. */
  readonly answered: readonly string[];
  /** Put into the inboxes of other runs, those that exist and have not finished: cancels of children. */
  readonly asked: readonly RunRequest[];
}

export interface RevisionChange {
  readonly source: SourceRecord;
  readonly workflows: readonly WorkflowChange[];
  readonly runs: readonly RunManifest[];
  /** No longer declared: workflows are marked deleted, Run manifests are forgotten. */
  readonly pruned: readonly InventoryEntry[];
  readonly files: readonly { readonly digest: string; readonly bytes: Uint8Array }[];
  readonly now: number;
}

export interface WorkflowChange {
  readonly namespace: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
  readonly graph: Graph;
  /** Of the graph's canonical text; an equal one makes no new version. */
  readonly digest: string;
  readonly manifest: JsonObject;
  readonly origin: Origin;
}

/** A `Run` manifest: one run per (namespace, name, digest of its spec). */
export interface RunManifest {
  readonly namespace: string;
  readonly name: string;
  readonly workflow: string;
  readonly input: Json;
  readonly labels: { readonly [name: string]: string };
  readonly onDelete: 'cancel' | 'keep';
  readonly digest: string;
}

export interface AppliedRevision {
  readonly created: readonly string[];
  readonly configured: readonly string[];
  readonly unchanged: readonly string[];
  readonly pruned: readonly string[];
  /** Runs that were created, to nudge. */
  readonly runIds: readonly string[];
}

export type NewEvent = Omit<EventRecord, 'id' | 'count' | 'firstAt' | 'lastAt'> & {
  readonly at: number;
};

/** The clock; the simulation's is its own. */
export interface Clock {
  now(): number;
  /** Resolves after `ms`, or at once when aborted. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

/** Constant event names plus fields; ids go into fields, never into the name. */
export interface Log {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What resume conditions ask of the world. */
export interface Probes {
  /** Whether a GET of this URL answers 2xx or 3xx in good time. */
  answers(url: string): Promise<boolean>;
  hasSecret(name: string): boolean;
}

/** One revision of a source; `id` is what makes two of them different. */
export interface Revision {
  readonly id: string;
  /** For people: `main@sha1:1f2e…`. */
  readonly display: string;
  readonly commit?: string;
  readonly author?: string;
}

/** Where manifests come from; the source room implements it. Its errors carry `isStalled`. */
export interface SourceReader {
  readonly kind: 'directory' | 'git';
  readonly location: string;
  readonly ref: string;
  /** With `told` it may look only at what its watch has told of since the last look. */
  resolve(signal: AbortSignal, extent?: 'all' | 'told'): Promise<Revision>;
  read(revision: Revision, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>>;
  /** Calls back when something may have changed; git sources have nothing to watch. */
  watch(onChange: () => void): Consumer;
}

export interface SourceEntry {
  readonly name: string;
  readonly reader: SourceReader;
  /** How often it is looked at without being told, ms. */
  readonly intervalMs: number;
  /** Lets a revision without any manifest prune all that was there. */
  readonly allowEmpty: boolean;
}
