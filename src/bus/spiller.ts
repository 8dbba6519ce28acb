import type { NatsConnection } from '@nats-io/transport-node';
import type { BlobClient } from './blob-client.ts';
import type { Outgoing } from './burst-publisher.ts';
import { encodeSpill, MAX_MESSAGE_BYTES, MessageTooLargeError } from './codec.ts';

/** Larger messages slow the server's other traffic down; they go as blobs. */
const MAX_INLINE_BYTES = 256 * 1024;
const OVERHEAD_BYTES = 4_096;

/** Replaces messages that are too large for one NATS message by a reference to a blob. */
export class Spiller {
  private readonly connection: NatsConnection;
  private readonly blobs: BlobClient;

  constructor(connection: NatsConnection, blobs: BlobClient) {
    this.connection = connection;
    this.blobs = blobs;
  }

  get maxBytes(): number {
    const maxPayload = this.connection.info?.max_payload ?? MAX_INLINE_BYTES;
    return Math.min(MAX_INLINE_BYTES, maxPayload - OVERHEAD_BYTES);
  }

  fits({ body }: Outgoing): boolean {
    return body.byteLength <= this.maxBytes;
  }

  /** Rejects with MessageTooLargeError, and when no controller takes the blob. */
  async fit(messages: readonly Outgoing[]): Promise<readonly Outgoing[]> {
    const fitting: Outgoing[] = [];
    for (const message of messages) {
      fitting.push(this.fits(message) ? message : await this.spill(message));
    }
    return fitting;
  }

  private async spill({ subject, body }: Outgoing): Promise<Outgoing> {
    if (body.byteLength > MAX_MESSAGE_BYTES)
      throw new MessageTooLargeError(subject, body.byteLength);
    return { subject, body: encodeSpill({ digest: await this.blobs.put(body) }) };
  }
}
