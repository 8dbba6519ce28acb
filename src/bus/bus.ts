import type { RunRecord } from '../record/run.ts';
import type { ActivityEntry, Checkpoint, Task, TaskId } from '../task/task.ts';

/**
 * The port to the transport. Two adapters (JetStream, in-process) pass one contract suite in
 * test/bus. Nothing may depend on a message having survived: Postgres is the truth.
 */
export interface Bus {
  /**
   * Sends a burst of tasks; resolves when the transport has stored its first and its last. Rejects
   * when they are not stored (the transport is away, a queue is full); what was stored stays, and
   * what was lost is among the `missingTasks`. The same burst sent again doubles nothing.
   *
   * A task may go straight to the runner whose report led to it, while that report waits for its
   * answer; then nothing stores it, and when its runner is lost, receivers of `recheck` hear of its
   * run.
   *
   * Tasks of a burst may travel as one message, which is given up at its second delivery:
   * receivers of `recheck` hear of its runs. So tasks that are sent again must be `alone`,
   * each a message of its own: then its deliveries are counted, and while it is queued or being
   * worked on it is not doubled.
   */
  publishTasks(tasks: readonly Task[], way?: { readonly alone: boolean }): Promise<void>;

  /**
   * Of these tasks, the ones the transport no longer holds: neither queued, nor being worked on,
   * nor reported by a checkpoint that still waits for a controller. Rejects when that cannot be told.
   */
  missingTasks(tasks: readonly TaskRef[]): Promise<TaskRef[]>;

  /**
   * Takes tasks out of the queues; those that no runner holds will never be delivered, unless they
   * are handed out at that very moment.
   */
  withdrawTasks(tasks: readonly TaskRef[]): Promise<void>;

  /**
   * Delivers tasks of these queues, at most `maxInFlight` unacknowledged at once. A task that is
   * neither acknowledged nor kept alive with `working()` for `leaseMs` goes to another consumer.
   * One that came straight from a controller stays for as long as this process is heard.
   */
  consumeTasks(
    options: ConsumeTasks,
    handler: (delivery: Delivery<Task>) => void,
  ): Promise<Consumer>;

  /** Resolves when the transport has stored them. One burst, one wait. */
  publishCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void>;

  /**
   * The same by the shortest way: resolves when each is either recorded by the controller that its
   * run belongs to or stored in the transport. Not for a controller, which would wait for itself.
   */
  reportCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void>;

  /**
   * Delivers checkpoints in batches as they come, without lingering when idle. The next batch is
   * fetched while at most `maxInFlight` are unacknowledged, which is the back-pressure. One
   * consumer a process; while it lasts, a share of the runs belongs to this process.
   */
  consumeCheckpoints(
    options: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<Checkpoint>[]) => void,
  ): Promise<Consumer>;

  /**
   * Whether a run belongs to this process: of all that consume checkpoints, one is meant to move
   * it. Processes may see it differently while one comes or goes, so it saves work and guards
   * nothing.
   */
  isOurs(runId: string): boolean;

  publishActivity(entries: readonly ActivityEntry[]): Promise<void>;
  consumeActivity(
    options: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<ActivityEntry>[]) => void,
  ): Promise<Consumer>;

  /**
   * Best-effort broadcast, lost if nobody listens: cancels to runners, nudges to controllers,
   * changes to watchers. Every receiver also finds out by itself, later.
   */
  broadcast(signal: Signal): void;
  onSignal<K extends Signal['kind']>(
    kind: K,
    handler: (signal: Extract<Signal, { kind: K }>) => void,
  ): Consumer;

  /** Calls back when the transport has lost what it held, as far as that can be seen. */
  onLoss(handler: () => void): Consumer;

  /**
   * Content-addressed bytes between processes that share no database: files of workflows, payloads
   * over the message limit. A controller serves them from Postgres.
   */
  getBlob(digest: string): Promise<Uint8Array>;
  putBlob(bytes: Uint8Array): Promise<string>;
  serveBlobs(store: BlobStore): Promise<Consumer>;

  /** Round-trip time to the transport in ms; rejects when it is out of reach. */
  ping(): Promise<number>;
  close(): Promise<void>;
}

export interface TaskRef {
  readonly id: TaskId;
  readonly runId: string;
  readonly queue: string;
}

export interface ConsumeTasks {
  readonly queues: readonly string[];
  readonly maxInFlight: number;
  /** How long a silent runner is believed alive, ms. Default 4000. */
  readonly leaseMs?: number;
}

export interface Delivery<T> {
  readonly message: T;
  /** 1 for the first delivery. */
  readonly deliveries: number;
  /** Done; never delivered again. */
  ack(): void;
  /** Give it to somebody else, after `delayMs`. */
  release(delayMs?: number): void;
  /** Still at it: extends the lease. */
  working(): void;
  /** The work is over, only its acknowledgement is still to come: another may take its place. */
  makeRoom(): void;
}

export interface Consumer {
  /** Stops deliveries; what is in flight may still be acknowledged. */
  stop(): Promise<void>;
}

export type Signal =
  /** Runners stop attempts of this run; `tasks` empty means all of them. */
  | { readonly kind: 'cancel'; readonly runId: string; readonly tasks: readonly TaskId[] }
  | Nudge
  | Changed
  /** Controllers see whether tasks of these runs are missing. */
  | { readonly kind: 'recheck'; readonly runIds: readonly string[] }
  /** Controllers reconcile this source now. */
  | { readonly kind: 'reconcile'; readonly source: string };

/** Watchers: these runs have new facts or activity. */
export interface Changed {
  readonly kind: 'changed';
  readonly runIds: readonly string[];
  /** Those of them that have come to their end. A hint: without it whoever needs to know asks. */
  readonly ended?: readonly string[];
}

/** Controllers look at these runs: new, or with a request in their inbox. */
export interface Nudge {
  readonly kind: 'nudge';
  readonly runIds: readonly string[];
  /**
   * Those of them that were created just now, as the ledger answered them: a controller need not
   * read them back. A hint that may be late, twice or missing, as a commit names the sequence
   * number that it expects. Believed: whoever can broadcast could also send tasks and checkpoints.
   * A bus leaves them out where they are large.
   */
  readonly created?: readonly RunRecord[];
}

/** Where blobs really live. */
export interface BlobStore {
  get(digest: string): Promise<Uint8Array | null>;
  put(bytes: Uint8Array): Promise<string>;
}
