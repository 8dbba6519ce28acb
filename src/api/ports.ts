import type { JsonObject } from '../expr/json.ts';
import type { NarratedEvent } from '../engine/narrate.ts';
import type { RunView } from '../engine/view.ts';
import type { WorkflowChange, RunManifest } from '../controller/ports.ts';
import type { FileProblem, SourceRecord } from '../record/source.ts';
import type {
  EventRecord,
  NewRun,
  RecordedFact,
  RunRecord,
  RunRequest,
  RunStatus,
} from '../record/run.ts';
import type { VersionRecord, WorkflowRecord } from '../record/workflow.ts';
import type { ActivityEntry, ActivityLevel } from '../task/task.ts';

/**
 * What the API reads from and writes to the ledger. The store implements it. The API never
 * schedules: a write puts a row where a controller finds it, and a nudge tells one to look.
 */
export interface Library extends WorkflowLibrary, RunLibrary, SourceLibrary {
  /** The token whose SHA-256 (hex) this is; null when there is none or it has expired. */
  findToken(hash: string): Promise<TokenRecord | null>;
  /** Stores bytes by content; answers their SHA-256, hex. */
  putBlob(bytes: Uint8Array): Promise<string>;
  getBlob(digest: string): Promise<Uint8Array | null>;
  /** Round trip to the database in ms; rejects when it is out of reach. */
  ping(): Promise<number>;
}

export interface WorkflowLibrary {
  /** In `(namespace, name)` order, without deleted ones; at most `limit`. */
  listWorkflows(query: WorkflowQuery): Promise<WorkflowRecord[]>;
  /** Also a deleted one (`deletedAt` set); null when there never was one. */
  getWorkflow(namespace: string, name: string): Promise<WorkflowRecord | null>;
  /** Unknown ids are left out; order does not matter. */
  loadVersions(ids: readonly string[]): Promise<VersionRecord[]>;
  /** Newest first, with numbers below `before`. */
  listVersions(
    workflowId: string,
    page: { before: number; limit: number },
  ): Promise<VersionSummary[]>;
  getVersion(workflowId: string, number: number): Promise<VersionRecord | null>;
  /**
   * Registers this definition and its files: a digest equal to the newest version's makes no new
   * version. Keeps the owner. With `mustCreate` it writes nothing where one exists undeleted and
   * answers `exists`. A deleted workflow of that name comes back to life.
   */
  putWorkflow(write: WorkflowWrite): Promise<WrittenWorkflow>;
  /** Marks it deleted; true when it was there and alive. */
  deleteWorkflow(namespace: string, name: string, now: number): Promise<boolean>;
}

export interface RunLibrary {
  /** Idempotent by id and by (namespace, idempotency key): the run that exists now, and if it is new. */
  createRun(run: NewRun): Promise<{ readonly run: RunRecord; readonly created: boolean }>;
  /** `Run` manifests: one run per (namespace, name, digest), as `applyRevision` does it. */
  createManifestRun(
    manifest: RunManifest,
    run: NewRun,
  ): Promise<{ readonly run: RunRecord; readonly created: boolean }>;
  getRun(id: string): Promise<RunRecord | null>;
  /** Ids that begin with this text (lower-case hex and dashes), in order; at most `limit`. */
  runIdsWithPrefix(prefix: string, limit: number): Promise<string[]>;
  listRuns(query: RunQuery): Promise<RunSummary[]>;
  /** Facts with a greater sequence number, in order: one page, empty when there are no more. */
  factsSince(runId: string, seq: number, page: FactPage): Promise<readonly RecordedFact[]>;
  /** The same, where only some of the outputs matter: the others are UNREAD. */
  factsWithin(runId: string, selection: FactSelection): Promise<SelectedFacts>;
  /**
   * Entries with a greater id, in id order. An entry is answered only when no entry of this run
   * with a lower id can become visible later: who has seen id n has missed nothing up to n.
   */
  activity(query: ActivityQuery): Promise<RecordedActivity[]>;
  /** Both for many runs at once: `page.rows` facts and as many entries for each, `page.bytes` in all. */
  newsOf(runs: readonly RunPosition[], page: FactPage): Promise<RunNews>;
  /** Idempotent by id. Rejects with an error named InboxFull when too many wait already. */
  addRequest(request: RunRequest): Promise<void>;
}

export interface SourceLibrary {
  listSources(): Promise<SourceRecord[]>;
  getSource(name: string): Promise<SourceRecord | null>;
  /** Sets `requestedToken`; null when there is no such source. */
  requestReconcile(name: string, token: string): Promise<SourceRecord | null>;
  setSuspended(name: string, suspended: boolean): Promise<SourceRecord | null>;
  /** Newest (by last time) first. Undefined filters match all. */
  listEvents(query: EventQuery): Promise<EventRecord[]>;
}

export interface WorkflowQuery {
  /** Null is all namespaces. */
  readonly namespace: string | null;
  readonly labels: readonly LabelTerm[];
  /** Only after this one, in list order. */
  readonly after: { readonly namespace: string; readonly name: string } | null;
  readonly limit: number;
}

/** All terms hold. `equals` needs the label; `differs` also holds without it. */
export interface LabelTerm {
  readonly kind: 'equals' | 'differs' | 'exists' | 'absent';
  readonly key: string;
  /** Empty for `exists` and `absent`. */
  readonly value: string;
}

export interface WorkflowWrite {
  readonly change: WorkflowChange;
  readonly files: readonly { readonly digest: string; readonly bytes: Uint8Array }[];
  readonly mustCreate: boolean;
  readonly now: number;
}

export interface WrittenWorkflow {
  readonly outcome: 'created' | 'configured' | 'unchanged' | 'exists';
  /** As it is now. */
  readonly workflow: WorkflowRecord;
}

export interface RunQuery {
  /** Null is all namespaces. */
  readonly namespace: string | null;
  /** Empty is all. */
  readonly statuses: readonly RunStatus[];
  /** Null is all. */
  readonly workflow: string | null;
  readonly labels: readonly LabelTerm[];
  /** Inclusive, epoch ms. */
  readonly createdAfter: number | null;
  /** Exclusive, epoch ms. */
  readonly createdBefore: number | null;
  /** By (createdAt, id). */
  readonly order: 'newest' | 'oldest';
  /** Only after this one, in the order asked for. */
  readonly after: { readonly createdAt: number; readonly id: string } | null;
  readonly limit: number;
}

export interface ActivityQuery {
  readonly runId: string;
  /** 0 is from the beginning. */
  readonly afterId: number;
  /** Null is all. */
  readonly step: number | null;
  /** This and above: debug < info < warn < error. */
  readonly minLevel: ActivityLevel;
  readonly limit: number;
}

export interface RecordedActivity {
  /** Grows with every entry. */
  readonly id: number;
  readonly entry: ActivityEntry;
}

/** How far a reader of a run has come. */
export interface RunPosition {
  readonly runId: string;
  /** Of the last fact. */
  readonly seq: number;
  /** Id of the last entry. */
  readonly activity: number;
}

/** By run; one without news is absent. */
export interface RunNews {
  readonly facts: ReadonlyMap<string, readonly RecordedFact[]>;
  readonly activity: ReadonlyMap<string, readonly RecordedActivity[]>;
  /** Runs of which something was left for the next page because of its bytes. */
  readonly cut: ReadonlySet<string>;
}

/** Where a page of facts ends. It has one at least. */
export interface FactPage {
  readonly rows: number;
  /** Of JSON, about, after which it ends; the last value may go beyond. */
  readonly bytes: number;
  /** An output of more bytes is UNREAD. */
  readonly largest: number;
}

export interface FactSelection {
  readonly afterSeq: number;
  readonly rows: number;
  /** Of all outputs that are read; the largest are UNREAD. */
  readonly bytes: number;
  /** Only outputs of this step are wanted; null is all. */
  readonly step: number | null;
  /** Only outputs of this item are wanted; null is all. */
  readonly item: number | null;
}

export interface SelectedFacts {
  readonly facts: readonly RecordedFact[];
  /** Of the outputs that were read. */
  readonly bytes: number;
}

/** A run without its data. */
export type RunSummary = Omit<RunRecord, 'input' | 'output'>;

/** A version without its content. */
export type VersionSummary = Omit<VersionRecord, 'graph' | 'manifest'>;

export interface EventQuery {
  readonly kind?: string;
  readonly name?: string;
  readonly namespace?: string;
  /** Only after this one, in list order. */
  readonly after?: { readonly lastAt: number; readonly id: number };
  readonly limit: number;
}

export type Role = 'viewer' | 'operator' | 'admin';

/** An API token as stored: its hash only. */
export interface TokenRecord {
  readonly name: string;
  readonly role: Role;
}

/** The voice of this process: tells controllers to look, hears what changed. */
export interface Signals {
  /** `created` are the records of those that are new, which spares controllers to read them. */
  nudge(runIds: readonly string[], created?: readonly RunRecord[]): void;
  reconcile(source: string): void;
  /** Best effort; answers how to stop listening. */
  onChanged(handler: (runIds: readonly string[]) => void): () => void;
  /** Round trip to the transport in ms; rejects when it is out of reach. */
  ping(): Promise<number>;
}

/** Turns text into what it declares. `manifest` implements it; dialects stay there. */
export interface Reader {
  /** Never throws on what a person wrote: problems are values. */
  read(request: ReadRequest): Reading;
}

export interface ReadRequest {
  /** YAML or JSON, one or more documents of any dialect. */
  readonly text: string;
  /** What problems call it. */
  readonly file: string;
  /** Used where a document names none. */
  readonly namespace: string;
  /** Who wrote it: goes into the origin of versions. */
  readonly author: string;
  /** Used in place of the name that a workflow document gives itself. */
  readonly name?: string;
  /** All that it may refer to, by paths relative to it. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

export interface Reading {
  readonly workflows: readonly WorkflowChange[];
  readonly runs: readonly RunManifest[];
  /** With any of severity `error` nothing may be applied. */
  readonly problems: readonly FileProblem[];
}

/** Shows a run as people know it, from its facts. Implemented over the engine's fold. */
export interface RunViewer {
  view(version: VersionRecord, run: RunRecord, facts: readonly RecordedFact[]): RunView;
  /** Tells the story of a run from its first fact on. Deterministic: the same facts, the same events. */
  narrate(version: VersionRecord, run: RunRecord): Narration;
}

export interface Narration {
  /** What this fact means to a watcher, in order; often nothing. Facts come in order, each once. */
  tell(fact: RecordedFact): readonly NarratedEvent[];
  /** Share of the run's steps that have ended so far, 0 to 100. */
  progress(): number;
}

/** A node type as the API shows it; the registry's are ones. */
export interface NodeDescription {
  readonly type: string;
  readonly title: string;
  readonly description: string;
  readonly configSchema: JsonObject;
  readonly outputSchema?: JsonObject;
  readonly runsIn: 'runner' | 'controller';
  readonly timeoutMs: number;
}
