import type { Delivery } from './bus.ts';
import type { BusLog } from './bus-log.ts';
import { spillOf } from './codec.ts';
import type { JetStreamDelivery } from './jetstream-delivery.ts';

const SPILL_RETRY_MS = 1_000;
/** Deliveries after which a message whose blob cannot be had is given up. */
const MAX_SPILL_DELIVERIES = 20;

export interface InboundOptions<T> {
  /** Throws MalformedMessageError. */
  readonly decode: (subject: string, bytes: Uint8Array) => T;
  readonly deliver: (batch: readonly Delivery<T>[]) => void;
  readonly getBlob: (digest: string) => Promise<Uint8Array>;
  readonly log: BusLog;
}

/** Turns what arrives into messages, and hands over together what one read of the socket brought. */
export class Inbound<T> {
  private readonly options: InboundOptions<T>;
  private batch: Delivery<T>[] = [];

  constructor(options: InboundOptions<T>) {
    this.options = options;
  }

  receive(raw: JetStreamDelivery): void {
    try {
      const spill = spillOf(raw.subject, raw.body);
      if (spill !== null) void this.fetch(raw, spill.digest);
      else this.add(raw, this.options.decode(raw.subject, raw.body));
    } catch (error) {
      this.refuse(raw, error);
    }
  }

  private async fetch(raw: JetStreamDelivery, digest: string): Promise<void> {
    let bytes: Uint8Array;
    try {
      bytes = await this.options.getBlob(digest);
    } catch (error) {
      if (raw.deliveries >= MAX_SPILL_DELIVERIES) this.refuse(raw, error);
      else {
        const { subject, deliveries } = raw;
        this.options.log.warn('bus.spill_unreachable', { subject, digest, deliveries, error });
        raw.release(SPILL_RETRY_MS);
      }
      return;
    }
    try {
      this.add(raw, this.options.decode(raw.subject, bytes));
    } catch (error) {
      this.refuse(raw, error);
    }
  }

  private add(raw: JetStreamDelivery, message: T): void {
    this.batch.push(new DecodedDelivery(raw, message));
    if (this.batch.length > 1) return;
    queueMicrotask(() => {
      const { batch } = this;
      this.batch = [];
      this.options.deliver(batch);
    });
  }

  /** A message that nobody can read must not come again and again: it is taken away and logged. */
  private refuse(raw: JetStreamDelivery, error: unknown): void {
    const { subject, deliveries } = raw;
    this.options.log.error('bus.message_refused', { subject, deliveries, error });
    raw.terminate();
  }
}

class DecodedDelivery<T> implements Delivery<T> {
  readonly message: T;
  readonly deliveries: number;
  private readonly raw: JetStreamDelivery;

  constructor(raw: JetStreamDelivery, message: T) {
    this.raw = raw;
    this.message = message;
    this.deliveries = raw.deliveries;
  }

  ack(): void {
    this.raw.ack();
  }

  release(delayMs?: number): void {
    this.raw.release(delayMs);
  }

  working(): void {
    this.raw.working();
  }

  makeRoom(): void {
    this.raw.makeRoom();
  }
}
