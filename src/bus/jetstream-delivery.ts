import { type Msg, nanos, type NatsConnection } from '@nats-io/transport-node';
import { PATIENCE_MS } from './slots.ts';

const encoder = new TextEncoder();
const ACK = encoder.encode('+ACK');
const NAK = encoder.encode('-NAK');
const TERM = encoder.encode('+TERM');
const WORKING = encoder.encode('+WPI');
const NANOS_OF_MS = 1_000_000;
/**
 * From that delivery on it waits for its slot as long as it takes: each counts, and what is
 * delivered too often is believed to kill its runners.
 */
const PATIENT_FROM = 3;

/** Who wants to know that a slot is free. */
interface Owner {
  deliver(delivery: JetStreamDelivery): void;
  settled(delivery: JetStreamDelivery): void;
  /** Not settled, but it needs its slot no more. */
  over(delivery: JetStreamDelivery): void;
}

/** One delivered message with what JetStream says about it in its reply subject. */
export class JetStreamDelivery {
  readonly subject: string;
  readonly body: Uint8Array;
  readonly deliveries: number;
  /** Of the stream. */
  readonly sequence: number;
  /** A stream that was made anew counts from 1 again, while work from the old one is still held. */
  readonly key: string;
  /** Whether it holds a slot. */
  entered = false;
  private msg: Msg;
  private readonly owner: Owner;
  private readonly cameAt = performance.now();
  private isSettled = false;
  private isOrphan = false;

  constructor(msg: Msg, owner: Owner) {
    const [deliveries, sequence] = told(msg);
    this.msg = msg;
    this.owner = owner;
    this.subject = msg.subject;
    this.body = msg.data;
    this.deliveries = Number(deliveries);
    this.sequence = Number(sequence);
    this.key = `${this.sequence} ${this.subject}`;
  }

  /** The same message came again: it is settled as its latest delivery. */
  redelivered(later: JetStreamDelivery): void {
    this.msg = later.msg;
    this.working();
  }

  /** Whether it was stored before this moment, epoch ms. */
  isOlderThan(time: number): boolean {
    const [, , , storedAt] = told(this.msg);
    return Number(storedAt) / NANOS_OF_MS < time;
  }

  /**
   * Its stream is gone, and another message has its number in the new one: whatever was answered
   * now would settle that other one.
   */
  orphan(): void {
    this.isOrphan = true;
  }

  enter(): void {
    this.entered = true;
    this.owner.deliver(this);
  }

  ack(): void {
    this.settle(ACK);
  }

  release(delayMs = 0): void {
    this.settle(
      delayMs <= 0 ? NAK : encoder.encode(`-NAK ${JSON.stringify({ delay: nanos(delayMs) })}`),
    );
  }

  /**
   * Acknowledges; resolves when the server has taken it out of the stream. Rejects when it does not
   * say so: then it may come again.
   */
  async takeOut(connection: NatsConnection, timeout: number): Promise<void> {
    if (this.isSettled) return;
    this.isSettled = true;
    this.owner.settled(this);
    if (this.isOrphan || this.msg.reply === undefined) return;
    await connection.request(this.msg.reply, ACK, { timeout });
  }

  /** Never again, for anybody: nobody could read it. */
  terminate(): void {
    this.settle(TERM);
  }

  working(): void {
    if (!this.isSettled) this.respond(WORKING);
  }

  keepWaiting(): boolean {
    const waitsLong = performance.now() - this.cameAt > PATIENCE_MS;
    if (waitsLong && this.deliveries < PATIENT_FROM) this.release();
    else this.working();
    return !this.isSettled;
  }

  makeRoom(): void {
    if (!this.isSettled) this.owner.over(this);
  }

  private settle(answer: Uint8Array): void {
    if (this.isSettled) return;
    this.isSettled = true;
    this.respond(answer);
    this.owner.settled(this);
  }

  private respond(answer: Uint8Array): void {
    if (this.isOrphan) return;
    try {
      this.msg.respond(answer);
    } catch {
      // The connection is closed for good: the message is delivered again, to somebody else.
    }
  }
}

/**
 * What JetStream says of a message, from the number of its deliveries on:
 * $JS.ACK.[domain.account.]stream.consumer.deliveries.sequence.consumerSequence.time.pending[.x]
 */
function told({ reply = '' }: Msg): string[] {
  const tokens = reply.split('.');
  return tokens.slice(tokens.length === 9 ? 4 : 6);
}
