import { randomUUID } from 'node:crypto';
import { jetstreamManager, type JetStreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { ActivityEntry, Checkpoint, Task } from '../task/task.ts';
import { activityMessages, sharedDeliveries } from './activity-bundle.ts';
import { BlobClient } from './blob-client.ts';
import { BlobServer } from './blob-server.ts';
import { BundleOpener } from './bundle-opener.ts';
import { type Acknowledged, BurstPublisher, type Outgoing } from './burst-publisher.ts';
import type { BlobStore, Bus, ConsumeTasks, Consumer, Delivery, Signal, TaskRef } from './bus.ts';
import { type BusLog, silentBusLog } from './bus-log.ts';
import { decodeActivity, decodeCheckpoint, decodeTask, encode } from './codec.ts';
import { HandedIntake } from './handed-intake.ts';
import { HandedTasks } from './handed-tasks.ts';
import { HeldSubjects } from './held-subjects.ts';
import type { Offer } from './holding.ts';
import { Inbound } from './inbound.ts';
import type { JetStreamDelivery } from './jetstream-delivery.ts';
import { connectNats, type NatsOptions } from './nats-connection.ts';
import { OpenOffers } from './open-offers.ts';
import { Presence } from './presence.ts';
import { ReportReceiver } from './report-receiver.ts';
import { ReportSender } from './report-sender.ts';
import { SignalChannel } from './signal-channel.ts';
import { Slots } from './slots.ts';
import { Spiller } from './spiller.ts';
import { StreamConsumers } from './stream-consumers.ts';
import { StreamKeeper } from './stream-keeper.ts';
import { activitySource, checkpointSource, taskSource } from './streams.ts';
import { Subjects } from './subjects.ts';
import { taskMessages } from './task-messages.ts';
import { untilDone } from './until-done.ts';

export interface JetStreamOptions extends NatsOptions {
  /** First token of every subject; keeps several installations on one server apart. */
  readonly prefix?: string;
  /** Copies of tasks and checkpoints in a NATS cluster. Default 1. */
  readonly replicas?: number;
  readonly log?: BusLog;
}

const TASK_LEASE_MS = 4_000;
/** A server that restarts loses requests without a word. */
const API_TIMEOUT_MS = 3_000;

/** The transport between processes. Resolves when connected, with all streams there. */
export async function createJetStreamBus(options: JetStreamOptions): Promise<Bus> {
  const log = options.log ?? silentBusLog;
  const connection = await connectNats(options, log);
  try {
    // checkAPI would ask for account statistics, which a restricted user may not see.
    const jsm = await jetstreamManager(connection, { checkAPI: false, timeout: API_TIMEOUT_MS });
    const bus = new JetStreamBus(connection, jsm, { ...options, log });
    await untilDone(() => bus.ensureStreams(), log);
    return bus;
  } catch (error) {
    await connection.close();
    throw error;
  }
}

class JetStreamBus implements Bus {
  private readonly connection: NatsConnection;
  private readonly subjects: Subjects;
  private readonly log: BusLog;
  private readonly publisher: BurstPublisher;
  private readonly held: HeldSubjects;
  private readonly bundles: BundleOpener;
  private readonly blobs: BlobClient;
  private readonly spiller: Spiller;
  private readonly signals: SignalChannel;
  private readonly presence: Presence;
  private readonly streams: StreamKeeper;
  private readonly reports: ReportSender;
  private readonly offers = new OpenOffers();
  private readonly handed: HandedTasks;
  private readonly intakes = new Set<HandedIntake>();
  private readonly consumers: StreamConsumers;
  private connected = true;
  private readonly isConnected = (): boolean => this.connected;

  constructor(
    connection: NatsConnection,
    jsm: JetStreamManager,
    options: JetStreamOptions & { readonly log: BusLog },
  ) {
    const { log, replicas = 1 } = options;
    const subjects = new Subjects(options.prefix ?? 'behest');
    this.connection = connection;
    this.subjects = subjects;
    this.log = log;
    this.blobs = new BlobClient(connection, subjects);
    this.spiller = new Spiller(connection, this.blobs);
    this.signals = new SignalChannel(connection, subjects, log);
    this.streams = new StreamKeeper({ jsm, subjects, replicas, log });
    const mender = {
      recreate: () => this.ensureStreams(),
      replace: (subject: string) => this.streams.replace(subject),
    };
    this.publisher = new BurstPublisher(connection, mender, log);
    const { streams, offers, isConnected } = this;
    this.consumers = new StreamConsumers({ connection, jsm, streams, isConnected, log });
    const presence = new Presence({ connection, subjects, log });
    this.presence = presence;
    const offer = (): Offer | null => this.offer();
    this.reports = new ReportSender({ connection, subjects, presence, offer, log });
    const store = (tasks: readonly Task[]) => this.publishTasks(tasks, { alone: true });
    const recheck = (runIds: readonly string[]) => this.broadcast({ kind: 'recheck', runIds });
    this.bundles = new BundleOpener({ connection, subjects, store, recheck, log });
    const ways = { offers, presence, isConnected, recheck, log };
    this.handed = new HandedTasks({ connection, subjects, ...ways });
    this.held = new HeldSubjects(jsm, subjects, { store, handed: this.handed });
    void this.followStatus();
  }

  ensureStreams(): Promise<void> {
    return this.streams.ensure();
  }

  async publishTasks(tasks: readonly Task[], { alone } = { alone: false }): Promise<void> {
    const { maxBytes } = this.spiller;
    const stored = alone ? tasks : this.handed.hand(tasks);
    await this.publish(taskMessages(this.subjects, stored, { alone, maxBytes }), 'ends');
  }

  missingTasks(tasks: readonly TaskRef[]): Promise<TaskRef[]> {
    return tasks.length === 0 ? Promise.resolve([]) : this.held.missing(tasks);
  }

  withdrawTasks(tasks: readonly TaskRef[]): Promise<void> {
    for (const { id } of tasks) this.handed.ended(id);
    return tasks.length === 0 ? Promise.resolve() : this.held.remove(tasks);
  }

  async consumeTasks(
    options: ConsumeTasks,
    handler: (delivery: Delivery<Task>) => void,
  ): Promise<Consumer> {
    const { queues, maxInFlight, leaseMs = TASK_LEASE_MS } = options;
    const decode = (subject: string, bytes: Uint8Array) =>
      decodeTask(this.subjects, subject, bytes);
    const inbound = this.inbound(decode, (batch) => batch.forEach(handler));
    const sources = queues.map((queue) => taskSource(this.subjects, queue, leaseMs));
    const slots = new Slots(maxInFlight);
    const taker = await this.consumers.consume({
      sources,
      slots,
      onMessage: (delivery) => inbound.receive(delivery),
      unpack: (delivery, leave) => this.bundles.open(delivery, { handler, leave }),
    });
    const cancels = this.onSignal('cancel', (signal) => this.bundles.cancel(signal));
    const { connection, subjects, bundles, isConnected, log } = this;
    const shape = { connection, subjects, bundles, queues, slots, handler, isConnected, log };
    const intake = new HandedIntake(shape);
    this.intakes.add(intake);
    return {
      stop: async () => {
        await Promise.all([cancels.stop(), intake.stop(), taker.stop()]);
      },
    };
  }

  publishCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void> {
    const messages = checkpoints.map((checkpoint) => ({
      subject: this.subjects.checkpoint(checkpoint),
      body: encode(checkpoint),
    }));
    return this.publish(messages, 'each');
  }

  async reportCheckpoints(checkpoints: readonly Checkpoint[]): Promise<void> {
    await this.publishCheckpoints(await this.reports.send(checkpoints));
  }

  async consumeCheckpoints(
    options: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<Checkpoint>[]) => void,
  ): Promise<Consumer> {
    const { connection, subjects, presence, offers, handed, isConnected, log } = this;
    const { maxInFlight } = options;
    const take = (batch: readonly Delivery<Checkpoint>[]): void => {
      for (const { message } of batch) handed.ended(message.taskId);
      handler(batch);
    };
    const inbound = this.inbound(decodeCheckpoint, take);
    const source = checkpointSource(subjects);
    const onMessage = (raw: JetStreamDelivery): void => inbound.receive(raw);
    const slots = new Slots(maxInFlight);
    const stored = await this.consumers.consume({ sources: [source], slots, onMessage });
    const recorder = randomUUID();
    const subject = subjects.report(recorder);
    const shape = { connection, subject, maxInFlight, offers, handler: take, isConnected, log };
    handed.listen();
    const direct = new ReportReceiver(shape);
    presence.join(recorder);
    return {
      stop: async () => {
        presence.leave();
        await Promise.all([direct.stop(), stored.stop()]);
      },
    };
  }

  isOurs(runId: string): boolean {
    return this.presence.isOurs(runId);
  }

  publishActivity(entries: readonly ActivityEntry[]): Promise<void> {
    const messages = activityMessages(entries).map((bundle) => ({
      subject: this.subjects.activity(bundle),
      body: encode(bundle.entries),
    }));
    return this.publish(messages, 'each');
  }

  consumeActivity(
    options: { readonly maxInFlight: number },
    handler: (batch: readonly Delivery<ActivityEntry>[]) => void,
  ): Promise<Consumer> {
    const inbound = this.inbound(decodeActivity, (bundles) => {
      handler(bundles.flatMap(sharedDeliveries));
    });
    const onMessage = (raw: JetStreamDelivery): void => inbound.receive(raw);
    const sources = [activitySource(this.subjects)];
    return this.consumers.consume({ sources, slots: new Slots(options.maxInFlight), onMessage });
  }

  broadcast(signal: Signal): void {
    this.signals.broadcast(signal);
  }

  onSignal<K extends Signal['kind']>(
    kind: K,
    handler: (signal: Extract<Signal, { kind: K }>) => void,
  ): Consumer {
    return this.signals.on(kind, handler);
  }

  onLoss(handler: () => void): Consumer {
    return this.streams.onLoss(handler);
  }

  getBlob(digest: string): Promise<Uint8Array> {
    return this.blobs.get(digest);
  }

  putBlob(bytes: Uint8Array): Promise<string> {
    return this.blobs.put(bytes);
  }

  async serveBlobs(store: BlobStore): Promise<Consumer> {
    const { connection, subjects, log } = this;
    const server = new BlobServer({ connection, subjects, store, log });
    // The server knows the subscription before anybody is told that blobs are served.
    await untilDone(() => connection.flush(), log);
    return server;
  }

  async ping(): Promise<number> {
    const started = performance.now();
    // While reconnecting, a flush would wait for as long as the server is away.
    await Promise.race([this.connection.flush(), rejectAfter(PING_TIMEOUT_MS)]);
    return performance.now() - started;
  }

  async close(): Promise<void> {
    this.presence.close();
    this.handed.close();
    await this.bundles.close();
    for (const intake of this.intakes) intake.close();
    await this.connection.close();
  }

  private async publish(messages: readonly Outgoing[], acknowledged: Acknowledged): Promise<void> {
    if (messages.length === 0) return;
    // Nothing is waited for where all fits: what the caller sends next goes along in one packet.
    const fit = messages.every((each) => this.spiller.fits(each));
    await this.publisher.publish(fit ? messages : await this.spiller.fit(messages), acknowledged);
  }

  /** Of the first taker in this process that has room; there is seldom more than one. */
  private offer(): Offer | null {
    for (const intake of this.intakes) {
      const offer = intake.offer();
      if (offer !== null) return offer;
    }
    return null;
  }

  private inbound<T>(
    decode: (subject: string, bytes: Uint8Array) => T,
    deliver: (batch: readonly Delivery<T>[]) => void,
  ): Inbound<T> {
    return new Inbound({
      decode,
      deliver,
      getBlob: (digest) => this.getBlob(digest),
      log: this.log,
    });
  }

  /** Ends when the connection is closed. */
  private async followStatus(): Promise<void> {
    for await (const status of this.connection.status()) {
      if (status.type === 'disconnect') {
        this.connected = false;
        this.log.warn('nats.disconnected', { ...status });
      }
      if (status.type !== 'reconnect') continue;
      this.connected = true;
      this.log.info('nats.reconnected', { ...status });
      this.consumers.reconnected();
      this.publisher.resend();
    }
  }
}

const PING_TIMEOUT_MS = 2_000;

function rejectAfter(ms: number): Promise<never> {
  return new Promise((_resolve, reject) => {
    setTimeout(() => reject(new Error(`NATS did not answer within ${ms} ms`)), ms).unref();
  });
}
