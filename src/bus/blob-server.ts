import { createInbox, type Msg, type NatsConnection } from '@nats-io/transport-node';
import { readGet, readPut, writeAnswer, writeRefusal } from './blob-protocol.ts';
import type { BlobStore, Consumer } from './bus.ts';
import type { BusLog } from './bus-log.ts';
import { MAX_MESSAGE_BYTES } from './codec.ts';
import { listen } from './listen.ts';
import type { Subjects } from './subjects.ts';

/** Of one queue group, so that each request is answered by one controller. */
const GROUP = 'controllers';
const MAX_UPLOAD_BYTES_AT_ONCE = 256 * 1024 * 1024;
const UPLOAD_IDLE_MS = 30_000;
const MAX_OPEN_READS = 16;
/** Slack above the message limit for what surrounds a payload. */
const MAX_BLOB_BYTES = MAX_MESSAGE_BYTES + 1024 * 1024;

export interface BlobServerOptions {
  readonly connection: NatsConnection;
  readonly subjects: Subjects;
  readonly store: BlobStore;
  readonly log: BusLog;
}

/** Answers other processes' requests for blobs out of this store. */
export class BlobServer implements Consumer {
  private readonly connection: NatsConnection;
  private readonly store: BlobStore;
  private readonly log: BusLog;
  /** Blobs that are being read chunk by chunk, so that the store is asked once for each. */
  private readonly reads = new Map<string, Promise<Uint8Array | null>>();
  private readonly subscriptions;
  private uploadBytes = 0;

  constructor({ connection, subjects, store, log }: BlobServerOptions) {
    this.connection = connection;
    this.store = store;
    this.log = log;
    this.subscriptions = [
      this.answer(subjects.blob('get'), (msg) => this.get(msg)),
      this.answer(subjects.blob('put'), (msg) => this.openUpload(msg)),
    ];
  }

  /** Requests under way are lost; who asked tries again, at another controller. */
  stop(): Promise<void> {
    for (const subscription of this.subscriptions) subscription.unsubscribe();
    this.reads.clear();
    return Promise.resolve();
  }

  private answer(subject: string, work: (msg: Msg) => Uint8Array | Promise<Uint8Array>) {
    const { log } = this;
    const reply = async (msg: Msg): Promise<void> => {
      try {
        msg.respond(await work(msg));
      } catch (error) {
        // No answer: the asker tries again after its time-out, perhaps at another controller.
        log.warn('blob.request_failed', { subject, error });
      }
    };
    const hear = (msg: Msg): void => void reply(msg);
    return listen(this.connection, subject, { group: GROUP, log, hear });
  }

  private async get(msg: Msg): Promise<Uint8Array> {
    const { digest, offset, length } = readGet(msg);
    const bytes = await this.read(digest);
    const end = offset + length;
    // Read to its end, or not there yet: the next one asks the store.
    if (bytes === null || end >= bytes.byteLength) this.reads.delete(digest);
    if (bytes === null) return writeRefusal(`blob ${digest} does not exist`);
    return writeAnswer(bytes.byteLength, bytes.subarray(offset, end));
  }

  private read(digest: string): Promise<Uint8Array | null> {
    const open = this.reads.get(digest);
    if (open !== undefined) return open;
    const reading = this.store.get(digest);
    reading.catch(() => this.reads.delete(digest));
    this.reads.set(digest, reading);
    for (const oldest of this.reads.keys()) {
      if (this.reads.size <= MAX_OPEN_READS) break;
      this.reads.delete(oldest);
    }
    return reading;
  }

  /** Answers with a subject of this controller alone, to which the chunks come in order. */
  private openUpload(msg: Msg): Uint8Array {
    const size = readPut(msg);
    if (size > MAX_BLOB_BYTES) {
      return writeRefusal(`${size} bytes are more than the limit of ${MAX_BLOB_BYTES} for a blob`);
    }
    if (this.uploadBytes + size > MAX_UPLOAD_BYTES_AT_ONCE) {
      throw new Error(`uploads under way hold ${this.uploadBytes} bytes already`);
    }
    this.uploadBytes += size;
    const session = createInbox();
    const whole = Buffer.allocUnsafe(size);
    let filled = 0;
    let isOpen = true;
    const close = (): void => {
      // Silence, a piece too many and the store may each end it, in any order.
      if (!isOpen) return;
      isOpen = false;
      clearTimeout(idle);
      this.uploadBytes -= size;
      subscription.unsubscribe();
    };
    const idle = setTimeout(close, UPLOAD_IDLE_MS);
    idle.unref();
    const subscription = listen(this.connection, session, {
      log: this.log,
      hear: (chunk) => {
        idle.refresh();
        if (filled + chunk.data.byteLength > size) {
          chunk.respond(writeRefusal(`more than the ${size} bytes announced`));
          close();
          return;
        }
        whole.set(chunk.data, filled);
        filled += chunk.data.byteLength;
        if (filled < size) chunk.respond(writeAnswer(size, new Uint8Array()));
        else void this.finishUpload(chunk, whole).finally(close);
      },
    });
    return writeAnswer(size, Buffer.from(session, 'utf8'));
  }

  private async finishUpload(chunk: Msg, whole: Uint8Array): Promise<void> {
    try {
      const digest = await this.store.put(whole);
      chunk.respond(writeAnswer(whole.byteLength, Buffer.from(digest, 'utf8')));
    } catch (error) {
      this.log.warn('blob.store_failed', { bytes: whole.byteLength, error });
    }
  }
}
