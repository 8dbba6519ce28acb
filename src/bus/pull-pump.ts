import { setTimeout as sleep } from 'node:timers/promises';
import {
  createInbox,
  type Msg,
  type NatsConnection,
  nanos,
  type Subscription,
} from '@nats-io/transport-node';
import type { BusLog } from './bus-log.ts';
import { drain } from './drain.ts';
import { JetStreamDelivery } from './jetstream-delivery.ts';
import { listen } from './listen.ts';
import type { Slots, Waiting } from './slots.ts';
import type { Backlog, Source } from './streams.ts';

/** Asking anew also wakes a consumer that the server forgot to wake. */
const PULL_EXPIRES_MS = 5_000;
/** With several queues: how long a queue that fell silent keeps the slots it asked for. */
const SHARED_PULL_EXPIRES_MS = 1_500;
const HEARTBEAT_MS = 500;
/** Without message or heartbeat for so long, the consumer, stream or connection is gone. */
const SILENCE_MS = 2_000;
/** Without a message for so long, in spite of heartbeats: a look at what the consumer has waiting. */
const STALL_MS = 3_000;
/** A stream that is being deleted tells its consumers first; what is made meanwhile is stillborn. */
const SETTLE_MS = 200;

/** The parts of a message; each calls `leave` when it needs its slot no more. */
export type Unpack = (delivery: JetStreamDelivery, leave: () => void) => readonly Waiting[] | null;

export interface PullPumpOptions {
  readonly connection: NatsConnection;
  readonly source: Source;
  readonly slots: Slots;
  /** Whether other pumps use the same slots. */
  readonly shared: boolean;
  readonly onMessage: (delivery: JetStreamDelivery) => void;
  /** Of a message that holds several: what is to have a slot each. Null where it is one. */
  readonly unpack?: Unpack;
  /** Makes sure of stream and consumer. */
  readonly recreate: () => Promise<void>;
  /** What the server has for this consumer and has not handed out. */
  readonly inspect: () => Promise<Backlog>;
  /** Takes the consumer away, so that it is made anew. */
  readonly discard: () => Promise<void>;
  readonly isConnected: () => boolean;
  readonly log: BusLog;
}

/**
 * Keeps a durable pull consumer asked for exactly as many messages as there is room for. The
 * client library's `consume` goes on asking whatever was acknowledged, which bounds nothing.
 */
export class PullPump {
  readonly stream: string;
  private readonly options: PullPumpOptions;
  private readonly unsettled = new Map<string, JetStreamDelivery>();
  private readonly watch: NodeJS.Timeout;
  private subscription: Subscription;
  private inbox = '';
  /** Highest number seen; above it there is nothing to compare with. */
  private highest = 0;
  private asked = 0;
  /** Slots that the last message took: what those that were asked for are expected to take. */
  private each = 1;
  private heardAt = 0;
  /** The last message, or the last look at the backlog. */
  private lookedAt = performance.now();
  private backlog: Backlog | null = null;
  /** Something came since the last request: this queue deserves more than one slot. */
  private busy: boolean;
  private stopped = false;
  private recovering = false;
  /** Something happened while recovering: what was made sure of may be gone again. */
  private recoverAgain = false;
  private asking = false;

  constructor(options: PullPumpOptions) {
    this.options = options;
    this.stream = options.source.stream;
    this.busy = !options.shared;
    this.subscription = this.subscribe();
    options.slots.onRoom(() => this.roomAgain());
    this.ask();
    this.watch = setInterval(() => this.checkSilence(), HEARTBEAT_MS);
    this.watch.unref();
  }

  /** What arrives while the subscription ends goes straight back to the queue. */
  async stop(): Promise<void> {
    this.stopped = true;
    clearInterval(this.watch);
    this.options.slots.close();
    // While disconnected nothing arrives; what was on its way comes back after the lease.
    await drain(this.subscription, this.options.isConnected());
  }

  /** The message is done with: its slot is free. */
  settled(delivery: JetStreamDelivery): void {
    if (this.unsettled.delete(delivery.key)) this.over(delivery);
  }

  over(delivery: JetStreamDelivery): void {
    if (!delivery.entered) return;
    delivery.entered = false;
    this.options.slots.leave();
  }

  private subscribe(): Subscription {
    const inbox = createInbox();
    this.inbox = inbox;
    this.heardAt = performance.now();
    const { connection, log } = this.options;
    return listen(connection, inbox, { log, hear: (msg) => this.receive(msg, inbox) });
  }

  /** Asks for more when there is room; together with whatever else this tick frees. */
  private roomAgain(): void {
    if (this.asking || this.stopped) return;
    this.asking = true;
    queueMicrotask(() => {
      this.asking = false;
      this.ask();
    });
  }

  private ask(): void {
    const { connection, source, shared } = this.options;
    if (this.stopped || this.recovering || connection.isClosed()) return;
    const wanted = this.wanted();
    if (wanted <= 0) return;
    this.changeAsked(wanted);
    if (shared) this.busy = false;
    const request = {
      batch: wanted,
      expires: nanos(shared && wanted > 1 ? SHARED_PULL_EXPIRES_MS : PULL_EXPIRES_MS),
      idle_heartbeat: nanos(HEARTBEAT_MS),
    };
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${source.stream}.${source.consumer.durable_name}`;
    connection.publish(subject, JSON.stringify(request), { reply: this.inbox });
  }

  private wanted(): number {
    const { slots } = this.options;
    const { room } = slots;
    if (this.asked === 0) {
      if (slots.inFlight >= slots.max) return 0;
      return this.busy ? Math.max(1, Math.floor(room / this.each)) : 1;
    }
    // Small requests are saved up while a large one is still open.
    const isEnough = this.busy && room >= Math.max(1, slots.max / 4);
    return isEnough ? Math.floor(room / this.each) : 0;
  }

  private changeAsked(by: number, each = this.each): void {
    const before = this.asked * this.each;
    this.asked = Math.max(0, this.asked + by);
    this.each = each;
    this.options.slots.asked += this.asked * each - before;
  }

  private receive(msg: Msg, inbox: string): void {
    this.heardAt = performance.now();
    if (msg.subject === inbox) {
      if (inbox === this.inbox) this.status(msg);
      return;
    }
    this.lookedAt = this.heardAt;
    this.backlog = null;
    const delivery = new JetStreamDelivery(msg, this);
    this.changeAsked(-1);
    this.busy = true;
    if (this.stopped) {
      delivery.release();
      return;
    }
    const known = this.unsettled.get(delivery.key);
    if (known === undefined) {
      this.disown(delivery);
      this.unsettled.set(delivery.key, delivery);
      this.enter(delivery);
    } else {
      // Its lease ran out while this process was too busy to keep it: still the same work.
      known.redelivered(delivery);
    }
    this.roomAgain();
  }

  private enter(delivery: JetStreamDelivery): void {
    const { slots, unpack } = this.options;
    const parts = unpack?.(delivery, () => slots.leave()) ?? [delivery];
    this.changeAsked(0, Math.max(1, parts.length));
    for (const part of parts) slots.enter(part);
  }

  /**
   * Its stream was created then, epoch ms: what is older comes from one that is gone, and whoever has
   * been given its number by now is not to be settled in its place.
   */
  streamCreated(time: number): void {
    for (const held of this.unsettled.values()) if (held.isOlderThan(time)) held.orphan();
  }

  /** Whatever is held under the number of this new message comes from a stream that is gone. */
  private disown({ sequence }: JetStreamDelivery): void {
    if (sequence > this.highest) {
      this.highest = sequence;
      return;
    }
    for (const held of this.unsettled.values()) if (held.sequence === sequence) held.orphan();
  }

  /** The handler's turn: the delivery has its slot. */
  deliver(delivery: JetStreamDelivery): void {
    this.options.onMessage(delivery);
  }

  private status(msg: Msg): void {
    const code = msg.headers?.code ?? 0;
    if (code === 100) return;
    const unserved = Number(msg.headers?.get('Nats-Pending-Messages') ?? '');
    this.changeAsked(Number.isFinite(unserved) ? -unserved : 0);
    // 404 no messages, 408 the request expired: ask again. Anything else: see that all still exists.
    if (code === 404 || code === 408) this.roomAgain();
    else void this.recover(`${code} ${msg.headers?.description ?? ''}`.trim());
  }

  private checkSilence(): void {
    const now = performance.now();
    const isConnected = this.options.isConnected();
    if (isConnected) this.keepWaiting();
    if (this.asked === 0 || !isConnected) {
      // Reconnecting recovers by itself.
      this.heardAt = now;
      this.roomAgain();
    } else if (now - this.heardAt > SILENCE_MS) {
      void this.recover(`silent for ${Math.round(now - this.heardAt)} ms`);
    } else if (now - this.lookedAt > STALL_MS) {
      this.lookedAt = now;
      void this.checkStall();
    }
  }

  /** What is given back must not return by a request that is open: others have room for it. */
  private keepWaiting(): void {
    const { slots } = this.options;
    if (slots.isCrowded && this.asked > 0) this.askNoMore();
    slots.keepWaiting();
  }

  /** Ends the open request. What the server has sent for it is heard still. */
  private askNoMore(): void {
    void drain(this.subscription, this.options.isConnected());
    this.changeAsked(-this.asked);
    this.subscription = this.subscribe();
  }

  /**
   * A consumer that was made while its stream was being replaced may beat for ever and hand out
   * nothing (seen with nats-server 2.9.10 when two processes replaced a broken stream at once). One
   * that is not sound is as useless.
   */
  private async checkStall(): Promise<void> {
    const { source, log, inspect, discard } = this.options;
    try {
      const before = this.backlog;
      const now = await inspect();
      this.backlog = now;
      if (this.stopped || (now.isSound && !isStalled(before, now))) return;
      this.backlog = null;
      log.error('nats.consumer_stalled', { stream: source.stream, pending: now.pending });
      await discard();
      await this.recover('stalled');
    } catch (error) {
      log.warn('nats.consumer_inspect_failed', { stream: source.stream, error });
    }
  }

  /** Makes sure of stream and consumer and asks anew from a fresh inbox. */
  async recover(reason: string): Promise<void> {
    if (this.recovering || this.stopped) {
      this.recoverAgain = true;
      return;
    }
    this.recovering = true;
    const { source, log, recreate } = this.options;
    log.warn('nats.consumer_recovering', { stream: source.stream, reason });
    try {
      do {
        this.recoverAgain = false;
        await sleep(SETTLE_MS);
        await recreate();
      } while (this.recoverAgain && !this.stopped);
    } catch (error) {
      log.warn('nats.consumer_recover_failed', { stream: source.stream, error });
      // Out of reach or not ready yet: the watch tries again at its next look but one.
      this.heardAt = performance.now() - SILENCE_MS + 2 * HEARTBEAT_MS;
      return;
    } finally {
      this.recovering = false;
    }
    this.askAnew();
  }

  private askAnew(): void {
    if (this.stopped) return;
    // Requests of the old inbox lose their receiver, so that nothing is delivered for them.
    this.subscription.unsubscribe();
    this.changeAsked(-this.asked);
    this.subscription = this.subscribe();
    this.ask();
  }
}

/** Whether from one look to the next nothing was handed out, though there was something. */
function isStalled(before: Backlog | null, now: Backlog): boolean {
  if (before === null || before.pending === 0 || now.pending === 0) return false;
  return now.delivered === before.delivered;
}
