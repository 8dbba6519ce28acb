import type {
  BlobStore,
  Bus,
  ConsumeTasks,
  Consumer,
  Delivery,
  Signal,
  TaskRef,
} from '../../src/bus/bus.ts';
import type { Checkpoint, Task } from '../../src/task/task.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './fake-clock.ts';
import { LossyQueue, type Taker, type TransportWeather } from './lossy-queue.ts';
import type { Line, SimulatedProcess } from './simulated-process.ts';

/** Told of what goes over the bus, at the moment it is done. */
export interface BusWatcher {
  /** One burst of tasks, as it was sent. */
  published(tasks: readonly Task[], sentAt: number): void;
  acknowledged(checkpoint: Checkpoint): void;
  taken(task: Task, sentAt: number): void;
}

const CHECKPOINT_LEASE_MS = 30_000;
const TASK_LEASE_MS = 4_000;

interface Listener {
  readonly kind: Signal['kind'];
  readonly process: SimulatedProcess;
  readonly hear: (signal: Signal) => void;
}

/** The transport that all processes share. It promises nothing. */
export class LossyTransport {
  readonly tasks: LossyQueue<Task>;
  readonly checkpoints: LossyQueue<Checkpoint>;
  readonly watcher: BusWatcher;
  /** Whether it knows which checkpoints it holds: the in-process bus does, JetStream does not. */
  readonly isAware: boolean;
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #weather: TransportWeather;
  #listeners: Listener[] = [];

  constructor(parts: {
    timeline: Timeline;
    dice: Dice;
    weather: TransportWeather;
    watcher: BusWatcher;
    isAware: boolean;
  }) {
    this.#timeline = parts.timeline;
    this.#dice = parts.dice;
    this.#weather = parts.weather;
    this.watcher = parts.watcher;
    this.isAware = parts.isAware;
    this.tasks = new LossyQueue({ ...parts, name: 'task' });
    this.checkpoints = new LossyQueue({ ...parts, name: 'checkpoint' });
  }

  get now(): number {
    return this.#timeline.now;
  }

  vanish(): void {
    this.tasks.vanish();
    this.checkpoints.vanish();
  }

  listen(listener: Listener): Consumer {
    this.#listeners.push(listener);
    const stop = (): Promise<void> => {
      this.#listeners = this.#listeners.filter((each) => each !== listener);
      return Promise.resolve();
    };
    return { stop };
  }

  broadcast(signal: Signal): void {
    for (const listener of this.#listeners) {
      if (listener.kind !== signal.kind || this.#dice.chance(this.#weather.lose)) continue;
      const delayMs = this.#dice.below(this.#weather.delayMs + 1);
      this.#timeline.after(delayMs, `${listener.process.name} hears ${signal.kind}`, () => {
        if (listener.process.isAlive) listener.hear(signal);
      });
    }
  }
}

/** The transport's port as one process sees it. */
export class LossyBus implements Bus {
  readonly #transport: LossyTransport;
  readonly #line: Line;
  readonly #process: SimulatedProcess;

  constructor(parts: { transport: LossyTransport; line: Line; process: SimulatedProcess }) {
    this.#transport = parts.transport;
    this.#line = parts.line;
    this.#process = parts.process;
  }

  publishTasks(tasks: readonly Task[]): Promise<void> {
    const { tasks: queue, watcher, now } = this.#transport;
    const sent = structuredClone(tasks);
    return this.#line.call('publishTasks', () => {
      watcher.published(sent, now);
      for (const task of sent) {
        if (!queue.has(task.id)) queue.push(task.id, task, now);
      }
    });
  }

  missingTasks(tasks: readonly TaskRef[]): Promise<TaskRef[]> {
    const { tasks: queue, checkpoints, isAware } = this.#transport;
    return this.#line.call('missingTasks', () => {
      return tasks.filter(({ id }) => !queue.has(id) && !(isAware && checkpoints.has(id)));
    });
  }

  withdrawTasks(tasks: readonly TaskRef[]): Promise<void> {
    return this.#line.call('withdrawTasks', () => {
      for (const { id } of tasks) this.#transport.tasks.withdraw(id);
    });
  }

  consumeTasks(
    options: ConsumeTasks,
    handler: (delivery: Delivery<Task>) => void,
  ): Promise<Consumer> {
    const { watcher, tasks } = this.#transport;
    const taker = this.#taker<Task>({
      maxInFlight: options.maxInFlight,
      leaseMs: options.leaseMs ?? TASK_LEASE_MS,
      deliver: (delivery, sentAt) => {
        watcher.taken(delivery.message, sentAt);
        handler(delivery);
      },
    });
    return this.#attach(tasks, taker);
  }

  publishCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void> {
    const { checkpoints: queue, now, isAware } = this.#transport;
    const sent = structuredClone(checkpoints);
    return this.#line.call('publishCheckpoints', () => {
      for (const checkpoint of sent) {
        if (!isAware || !queue.has(checkpoint.taskId))
          queue.push(checkpoint.taskId, checkpoint, now);
      }
    });
  }

  consumeCheckpoints(
    options: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<Checkpoint>[]) => void,
  ): Promise<Consumer> {
    const { watcher, checkpoints } = this.#transport;
    const taker = this.#taker<Checkpoint>({
      maxInFlight: options.maxInFlight,
      leaseMs: CHECKPOINT_LEASE_MS,
      deliver: (delivery) => {
        const ack = () => {
          if (this.#process.isAlive) watcher.acknowledged(delivery.message);
          delivery.ack();
        };
        handler([{ ...delivery, ack }]);
      },
    });
    return this.#attach(checkpoints, taker);
  }

  #taker<T>(rules: Pick<Taker<T>, 'maxInFlight' | 'leaseMs' | 'deliver'>): Taker<T> {
    return { ...rules, process: this.#process, inFlight: 0, isStopped: false };
  }

  #attach<T>(queue: { attach(taker: Taker<T>): void }, taker: Taker<T>): Promise<Consumer> {
    const stop = (): Promise<void> => {
      taker.isStopped = true;
      return Promise.resolve();
    };
    return this.#line.call('consume', () => {
      queue.attach(taker);
      return { stop };
    });
  }

  /** Lines for people are not simulated: nothing depends on them. */
  publishActivity(): Promise<void> {
    return Promise.resolve();
  }

  consumeActivity(): Promise<Consumer> {
    return Promise.resolve({ stop: () => Promise.resolve() });
  }

  broadcast(signal: Signal): void {
    if (this.#process.isAlive) this.#transport.broadcast(signal);
  }

  onSignal<K extends Signal['kind']>(
    kind: K,
    handler: (signal: Extract<Signal, { kind: K }>) => void,
  ): Consumer {
    const hear = (signal: Signal) => handler(signal as Extract<Signal, { kind: K }>);
    return this.#transport.listen({ kind, process: this.#process, hear });
  }

  getBlob(digest: string): Promise<Uint8Array> {
    return Promise.reject(new Error(`the simulation has no blob ${digest}`));
  }

  putBlob(): Promise<string> {
    return Promise.reject(new Error('the simulation keeps no blobs'));
  }

  serveBlobs(_store: BlobStore): Promise<Consumer> {
    return Promise.resolve({ stop: () => Promise.resolve() });
  }

  ping(): Promise<number> {
    return this.#line.call('ping', () => 0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
