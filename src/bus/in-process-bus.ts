import type { ActivityEntry, Checkpoint, Task } from '../task/task.ts';
import type { BlobStore, Bus, ConsumeTasks, Consumer, Delivery, Signal, TaskRef } from './bus.ts';
import { deepFreeze } from './deep-freeze.ts';
import { LeasedQueue, type Taker } from './leased-queue.ts';
import { QueueFullError } from './queue-full-error.ts';
import { SignalHub } from './signal-hub.ts';

export interface InProcessOptions {
  /**
   * Tasks that one queue holds before it refuses more with a QueueFullError. Refusing cannot
   * deadlock, as waiting could: the controller that would wait is the one that empties the other
   * direction. What is refused is missing, and the controller's sweep sends it again. Checkpoints
   * need no bound of their own: each ends a task that was counted here.
   */
  readonly maxQueued?: number;
  /** Freeze every message, to prove in tests that nobody changes what sender and receiver share. */
  readonly freeze?: boolean;
}

const TASK_LEASE_MS = 4_000;
const CHECKPOINT_LEASE_MS = 10_000;

/** The transport of a single process: hands objects over as they are, nothing survives it. */
export function createInProcessBus(options: InProcessOptions = {}): Bus {
  return new InProcessBus(options);
}

class InProcessBus implements Bus {
  private readonly maxQueued: number;
  private readonly freeze: boolean;
  private readonly tasks = new Map<string, LeasedQueue<Task>>();
  private readonly checkpoints = new LeasedQueue<Checkpoint>();
  private readonly activity = new LeasedQueue<ActivityEntry>();
  private readonly signals = new SignalHub();
  private blobs: BlobStore | null = null;
  private closed = false;

  constructor(options: InProcessOptions) {
    this.maxQueued = options.maxQueued ?? 100_000;
    this.freeze = options.freeze ?? false;
  }

  publishTasks(tasks: readonly Task[]): Promise<void> {
    return this.settle(() => {
      let refused = 0;
      let full = '';
      for (const task of tasks) {
        const queue = this.queueOf(task.queue);
        if (queue.has(task.id)) continue;
        if (queue.size >= this.maxQueued) {
          refused += 1;
          full = task.queue;
        } else queue.push(this.shared(task), task.id);
      }
      if (refused > 0) throw new QueueFullError(full, refused, this.maxQueued);
    });
  }

  missingTasks(tasks: readonly TaskRef[]): Promise<TaskRef[]> {
    return this.settle(() => {
      return tasks.filter((ref) => !this.tasks.get(ref.queue)?.has(ref.id) && !this.reported(ref));
    });
  }

  withdrawTasks(tasks: readonly TaskRef[]): Promise<void> {
    return this.settle(() => {
      for (const ref of tasks) this.tasks.get(ref.queue)?.withdraw(ref.id);
    });
  }

  consumeTasks(
    options: ConsumeTasks,
    handler: (delivery: Delivery<Task>) => void,
  ): Promise<Consumer> {
    return this.settle(() => {
      const queues = options.queues.map((name) => this.queueOf(name));
      return attach(queues, {
        maxInFlight: options.maxInFlight,
        leaseMs: options.leaseMs ?? TASK_LEASE_MS,
        batches: false,
        deliver: (batch) => batch.forEach(handler),
      });
    });
  }

  publishCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void> {
    return this.settle(() => {
      for (const checkpoint of checkpoints) {
        // A second checkpoint of one attempt (a duplicate) is not kept; the first one decides.
        if (this.checkpoints.has(checkpoint.taskId)) continue;
        this.checkpoints.push(this.shared(checkpoint), checkpoint.taskId);
      }
    });
  }

  reportCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void> {
    return this.publishCheckpoints(checkpoints);
  }

  consumeCheckpoints(
    options: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<Checkpoint>[]) => void,
  ): Promise<Consumer> {
    return this.settle(() => attach([this.checkpoints], batchTaker(options.maxInFlight, handler)));
  }

  isOurs(): boolean {
    return true;
  }

  publishActivity(entries: readonly ActivityEntry[]): Promise<void> {
    return this.settle(() => {
      for (const entry of entries) {
        // Lines for people are worth less than memory: the newest give way when nobody reads.
        if (this.activity.size < this.maxQueued) this.activity.push(this.shared(entry), null);
      }
    });
  }

  consumeActivity(
    options: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<ActivityEntry>[]) => void,
  ): Promise<Consumer> {
    return this.settle(() => attach([this.activity], batchTaker(options.maxInFlight, handler)));
  }

  broadcast(signal: Signal): void {
    // Never inside the sender's call: a receiver must not run in the middle of the sender's work.
    queueMicrotask(() => {
      if (!this.closed) this.signals.emit(signal);
    });
  }

  onSignal<K extends Signal['kind']>(
    kind: K,
    handler: (signal: Extract<Signal, { kind: K }>) => void,
  ): Consumer {
    return this.signals.on(kind, handler);
  }

  /** It loses what it holds only together with the process. */
  onLoss(): Consumer {
    return { stop: () => Promise.resolve() };
  }

  async getBlob(digest: string): Promise<Uint8Array> {
    const bytes = await this.blobStore().get(digest);
    if (bytes === null) throw new Error(`blob ${digest} does not exist`);
    return bytes;
  }

  async putBlob(bytes: Uint8Array): Promise<string> {
    return this.blobStore().put(bytes);
  }

  serveBlobs(store: BlobStore): Promise<Consumer> {
    return this.settle(() => {
      this.blobs = store;
      const stop = (): Promise<void> => {
        if (this.blobs === store) this.blobs = null;
        return Promise.resolve();
      };
      return { stop };
    });
  }

  ping(): Promise<number> {
    return this.settle(() => 0);
  }

  close(): Promise<void> {
    this.closed = true;
    this.signals.clear();
    this.checkpoints.close();
    this.activity.close();
    for (const queue of this.tasks.values()) queue.close();
    this.tasks.clear();
    return Promise.resolve();
  }

  /** A task whose checkpoint waits for a controller is not missing: it would only run twice. */
  private reported(ref: TaskRef): boolean {
    return this.checkpoints.has(ref.id);
  }

  private queueOf(name: string): LeasedQueue<Task> {
    let queue = this.tasks.get(name);
    if (queue === undefined) {
      queue = new LeasedQueue<Task>();
      this.tasks.set(name, queue);
    }
    return queue;
  }

  private shared<T>(message: T): T {
    return this.freeze ? deepFreeze(message) : message;
  }

  private blobStore(): BlobStore {
    if (this.blobs === null) throw new Error('no controller serves blobs on this bus');
    return this.blobs;
  }

  /** The port promises promises; here all is done at once. */
  private settle<T>(work: () => T): Promise<T> {
    if (this.closed) return Promise.reject(new Error('the bus is closed'));
    try {
      return Promise.resolve(work());
    } catch (error) {
      return Promise.reject(error);
    }
  }
}

type TakerRules<T> = Pick<Taker<T>, 'maxInFlight' | 'leaseMs' | 'batches' | 'deliver'>;

function batchTaker<T>(
  maxInFlight: number,
  deliver: (batch: readonly Delivery<T>[]) => void,
): TakerRules<T> {
  return { maxInFlight, leaseMs: CHECKPOINT_LEASE_MS, batches: true, deliver };
}

function attach<T>(queues: readonly LeasedQueue<T>[], rules: TakerRules<T>): Consumer {
  const taker: Taker<T> = {
    ...rules,
    inFlight: 0,
    stopped: false,
    roomAgain: () => {
      if (!taker.stopped) for (const queue of queues) queue.schedule();
    },
  };
  for (const queue of queues) queue.attach(taker);
  return {
    stop: () => {
      taker.stopped = true;
      for (const queue of queues) queue.detach(taker);
      return Promise.resolve();
    },
  };
}
