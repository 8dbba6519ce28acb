import type {
  BlobStore,
  Bus,
  ConsumeTasks,
  Consumer,
  Delivery,
  Signal,
  TaskRef,
} from '../../src/bus/bus.ts';
import type { ActivityEntry, Checkpoint, Task } from '../../src/task/task.ts';
import type { Dice } from './dice.ts';
import type { Timeline } from './fake-clock.ts';
import { DirectReports, type ReportTaker } from './direct-reports.ts';
import { BlobServers } from './blob-servers.ts';
import { type HandedFaults, HandedTasks } from './handed-tasks.ts';
import {
  type LossyDelivery,
  LossyQueue,
  type Taker,
  type TransportWeather,
} from './lossy-queue.ts';
import type { Line, SimulatedProcess } from './simulated-process.ts';

/** Told of what goes over the bus, at the moment it is done. */
export interface BusWatcher {
  /** One burst of tasks, as it was sent. */
  published(tasks: readonly Task[], sentAt: number): void;
  acknowledged(checkpoint: Checkpoint): void;
  taken(task: Task, sentAt: number): void;
  /** A line for people was acknowledged. */
  kept(entry: ActivityEntry): void;
}

const CHECKPOINT_LEASE_MS = 30_000;
const TASK_LEASE_MS = 4_000;
/** Tasks in one message. */
const MOST_TOGETHER = 4;
/** How long a process may not notice that the transport has lost what it held, ms. */
const LOSS_NEWS_MS = 3_000;

interface Listener {
  readonly kind: Signal['kind'];
  readonly process: SimulatedProcess;
  readonly hear: (signal: Signal) => void;
}

interface Loser {
  readonly process: SimulatedProcess;
  readonly notice: () => void;
}

/** The transport that all processes share. It promises nothing. */
export class LossyTransport {
  readonly tasks: LossyQueue<readonly Task[]>;
  readonly checkpoints: LossyQueue<Checkpoint>;
  readonly activity: LossyQueue<ActivityEntry>;
  readonly reports: DirectReports;
  readonly handed: HandedTasks;
  readonly blobs: BlobServers;
  readonly watcher: BusWatcher;
  /** Whether it stores all and sees all that it holds, as the in-process bus does. */
  readonly isAware: boolean;
  readonly #timeline: Timeline;
  readonly #dice: Dice;
  readonly #weather: TransportWeather;
  #listeners: Listener[] = [];
  #losers: Loser[] = [];

  constructor(parts: {
    timeline: Timeline;
    dice: Dice;
    weather: TransportWeather;
    watcher: BusWatcher;
    isAware: boolean;
    faults?: HandedFaults;
  }) {
    this.#timeline = parts.timeline;
    this.#dice = parts.dice;
    this.#weather = parts.weather;
    this.watcher = parts.watcher;
    this.isAware = parts.isAware;
    this.tasks = new LossyQueue({ ...parts, name: 'task' });
    this.checkpoints = new LossyQueue({ ...parts, name: 'checkpoint' });
    this.activity = new LossyQueue({ ...parts, name: 'activity' });
    const { faults = {} } = parts;
    const recheck = (runId: string) => this.broadcast({ kind: 'recheck', runIds: [runId] });
    const isOurs = (process: SimulatedProcess, runId: string) =>
      this.presence.isOurs(process, runId);
    this.handed = new HandedTasks({ ...parts, faults, isOurs, recheck });
    this.reports = new DirectReports({ ...parts, handed: this.handed });
    this.blobs = new BlobServers(parts);
  }

  get now(): number {
    return this.#timeline.now;
  }

  /** Several tasks in a message, as it comes, unless they are to be alone. */
  store(tasks: readonly Task[], how: { readonly alone: boolean; readonly sentAt: number }): void {
    for (let from = 0, most = 1; from < tasks.length; from += most) {
      most = how.alone || this.isAware ? 1 : this.#dice.between(1, MOST_TOGETHER);
      const some = tasks.slice(from, from + most);
      const ids = some.map(({ id }) => id);
      if (!this.tasks.hasTogether(ids)) this.tasks.push(ids, some, how.sentAt);
    }
  }

  /** All that is stored is gone. The in-process bus would be gone with it, and says nothing. */
  vanish(): void {
    this.tasks.vanish();
    this.checkpoints.vanish();
    this.activity.vanish();
    if (this.isAware) return;
    for (const { process, notice } of this.#losers) {
      const label = `${process.name} notices the loss`;
      this.#timeline.after(this.#dice.below(LOSS_NEWS_MS), label, () => {
        if (process.isAlive) notice();
      });
    }
  }

  onLoss(loser: Loser): Consumer {
    this.#losers.push(loser);
    const stop = (): Promise<void> => {
      this.#losers = this.#losers.filter((each) => each !== loser);
      return Promise.resolve();
    };
    return { stop };
  }

  get presence(): DirectReports['presence'] {
    return this.reports.presence;
  }

  /** Nothing waits and nothing is held. */
  get isEmpty(): boolean {
    const stores = [this.tasks, this.checkpoints, this.activity];
    return this.handed.isEmpty && stores.every(({ size }) => size === 0);
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
      const copies = this.#dice.chance(this.#weather.double) ? 2 : 1;
      for (let made = 0; made < copies; made += 1) this.#send(listener, signal);
    }
  }

  #send(listener: Listener, signal: Signal): void {
    const delayMs = this.#dice.below(this.#weather.delayMs + 1);
    this.#timeline.after(delayMs, `${listener.process.name} hears ${signal.kind}`, () => {
      if (listener.process.isAlive) listener.hear(structuredClone(signal));
    });
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

  publishTasks(tasks: readonly Task[], { alone } = { alone: false }): Promise<void> {
    const { watcher, handed, now } = this.#transport;
    const sent = structuredClone(tasks);
    if (this.#process.isAlive) watcher.published(sent, now);
    if (alone) handed.sentAlone(sent);
    const left = alone ? sent : handed.hand(this.#process, sent);
    if (left.length === 0) return Promise.resolve();
    return this.#line.call('publishTasks', () => {
      this.#transport.store(left, { alone, sentAt: now });
    });
  }

  /** Where nobody but the runners knows of handed tasks: in steps, as other things go on. */
  async missingTasks(tasks: readonly TaskRef[]): Promise<TaskRef[]> {
    const { tasks: queue, checkpoints, handed, isAware } = this.#transport;
    const missing = (refs: readonly TaskRef[], keys: readonly { has(id: string): boolean }[]) =>
      this.#line.call('missingTasks', () =>
        refs.filter(({ id }) => !keys.some((held) => held.has(id))),
      );
    if (isAware) return missing(tasks, [queue, checkpoints]);
    const open = tasks.filter(({ id }) => !handed.desk(this.#process).has(id));
    const unheld = open.length === 0 ? open : await missing(open, [queue]);
    if (unheld.length === 0) return unheld;
    const withRunners = await handed.find(this.#process, unheld);
    const gone = unheld.filter(({ id }) => !withRunners.has(id));
    return gone.length === 0 ? gone : missing(gone, [checkpoints]);
  }

  withdrawTasks(tasks: readonly TaskRef[]): Promise<void> {
    const { handed, isAware } = this.#transport;
    if (!isAware) for (const { id } of tasks) handed.desk(this.#process).ended(id);
    return this.#line.call('withdrawTasks', () => {
      const ids = new Set(tasks.map(({ id }) => id));
      for (const id of ids) {
        for (const { message, sentAt } of this.#transport.tasks.withdraw(id)) {
          const others = message.filter((task) => !ids.has(task.id));
          this.#transport.store(others, { alone: true, sentAt });
        }
      }
    });
  }

  async consumeTasks(
    options: ConsumeTasks,
    handler: (delivery: Delivery<Task>) => void,
  ): Promise<Consumer> {
    const { watcher, tasks, isAware } = this.#transport;
    const deliver = (each: Delivery<Task>, sentAt: number) => {
      watcher.taken(each.message, sentAt);
      handler(each);
    };
    const taker = this.#taker<readonly Task[]>({
      maxInFlight: options.maxInFlight,
      leaseMs: options.leaseMs ?? TASK_LEASE_MS,
      deliver: (delivery, sentAt) => {
        for (const each of this.#opened(delivery, sentAt)) deliver(each, sentAt);
      },
    });
    const stored = await this.#attach(tasks, taker);
    return isAware ? stored : this.#takeHanded(stored, { options, deliver });
  }

  /** Those that come straight from a controller, too. */
  #takeHanded(
    stored: Consumer,
    how: {
      readonly options: ConsumeTasks;
      readonly deliver: (each: Delivery<Task>, sentAt: number) => void;
    },
  ): Consumer {
    const store = (task: Task, sentAt: number) => this.#handBack(task, sentAt);
    const intake = this.#transport.handed.join({ ...how, process: this.#process, store });
    const stop = (): Promise<void> => {
      intake.stop();
      return stored.stop();
    };
    return { stop };
  }

  #handBack(task: Task, sentAt: number): Promise<void> {
    const store = () => this.#transport.store([task], { alone: true, sentAt });
    return this.#line.call('handBack', store);
  }

  /** The tasks of a message as the JetStream bus hands them out. */
  #opened(delivery: LossyDelivery<readonly Task[]>, sentAt: number): Delivery<Task>[] {
    const { message: tasks, deliveries } = delivery;
    if (tasks.length > 1 && deliveries > 1) {
      const runIds = tasks.map(({ runId }) => runId);
      delivery.takeOut(() => this.broadcast({ kind: 'recheck', runIds }));
      return [];
    }
    let left = tasks.length;
    const settled = () => {
      left -= 1;
      if (left === 0) delivery.ack();
    };
    return tasks.map((message) => ({
      message,
      deliveries,
      ack: settled,
      release: (delayMs?: number) => {
        if (tasks.length === 1) delivery.release(delayMs);
        else this.#handBack(message, sentAt).then(settled, () => undefined);
      },
      working: () => delivery.working(),
      makeRoom: () => undefined,
    }));
  }

  async reportCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void> {
    const { reports, isAware } = this.#transport;
    // The in-process bus has no shorter way than the queue.
    const left = isAware ? checkpoints : await reports.send(this.#process, checkpoints);
    if (left.length > 0) await this.publishCheckpoints(left);
  }

  onLoss(notice: () => void): Consumer {
    return this.#transport.onLoss({ process: this.#process, notice });
  }

  isOurs(runId: string): boolean {
    return this.#transport.isAware || this.#transport.presence.isOurs(this.#process, runId);
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

  async consumeCheckpoints(
    { maxInFlight }: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<Checkpoint>[]) => void,
  ): Promise<Consumer> {
    const { checkpoints, presence, handed } = this.#transport;
    const desk = handed.desk(this.#process);
    const deliver = (batch: readonly Delivery<Checkpoint>[]) => {
      for (const { message } of batch) desk.ended(message.taskId);
      handler(batch.map((delivery) => this.#watched(delivery)));
    };
    const taker = this.#taker<Checkpoint>({
      maxInFlight,
      leaseMs: CHECKPOINT_LEASE_MS,
      deliver: (delivery) => deliver([delivery]),
    });
    const stored = await this.#attach(checkpoints, taker);
    const direct: ReportTaker = { maxInFlight, deliver, inFlight: 0 };
    const leave = presence.join(this.#process, direct);
    return {
      stop: () => {
        leave();
        return stored.stop();
      },
    };
  }

  #watched(delivery: Delivery<Checkpoint>): Delivery<Checkpoint> {
    const ack = () => {
      if (this.#process.isAlive) this.#transport.watcher.acknowledged(delivery.message);
      delivery.ack();
    };
    return { ...delivery, ack };
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

  publishActivity(entries: readonly ActivityEntry[]): Promise<void> {
    const { activity, now } = this.#transport;
    const sent = structuredClone(entries);
    return this.#line.call('publishActivity', () => {
      for (const entry of sent) activity.push(`${entry.runId} ${entry.message}`, entry, now);
    });
  }

  consumeActivity(
    { maxInFlight }: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<ActivityEntry>[]) => void,
  ): Promise<Consumer> {
    const { activity, watcher } = this.#transport;
    const taker = this.#taker<ActivityEntry>({
      maxInFlight,
      leaseMs: CHECKPOINT_LEASE_MS,
      deliver: (delivery) => {
        const ack = () => {
          if (this.#process.isAlive) watcher.kept(delivery.message);
          delivery.ack();
        };
        handler([{ ...delivery, ack }]);
      },
    });
    return this.#attach(activity, taker);
  }

  broadcast(signal: Signal): void {
    if (this.#process.acts()) this.#transport.broadcast(signal);
  }

  onSignal<K extends Signal['kind']>(
    kind: K,
    handler: (signal: Extract<Signal, { kind: K }>) => void,
  ): Consumer {
    const hear = (signal: Signal) => handler(signal as Extract<Signal, { kind: K }>);
    return this.#transport.listen({ kind, process: this.#process, hear });
  }

  async getBlob(digest: string): Promise<Uint8Array> {
    const { blobs } = this.#transport;
    const bytes = await (await this.#line.call('getBlob', () => blobs)).ask((it) => it.get(digest));
    if (bytes === null) throw new Error(`there is no blob ${digest}`);
    return bytes;
  }

  async putBlob(bytes: Uint8Array): Promise<string> {
    const { blobs } = this.#transport;
    return (await this.#line.call('putBlob', () => blobs)).ask((it) => it.put(bytes));
  }

  serveBlobs(store: BlobStore): Promise<Consumer> {
    const { blobs } = this.#transport;
    return this.#line.call('serveBlobs', () => blobs.add(this.#process, store));
  }

  ping(): Promise<number> {
    return this.#line.call('ping', () => 0);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
