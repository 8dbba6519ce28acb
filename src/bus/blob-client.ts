import { setTimeout as sleep } from 'node:timers/promises';
import { type Msg, type NatsConnection, RequestError } from '@nats-io/transport-node';
import { BLOB_REQUEST_MS, chunkBytes, readAnswer } from './blob-protocol.ts';
import { checkDigest } from './codec.ts';
import { digestOf, type Subjects } from './subjects.ts';

const TRIES = 6;
const FIRST_BACK_OFF_MS = 50;
const PARALLEL_CHUNKS = 4;

/** Fetches and stores blobs through whichever controller answers, in chunks that NATS carries. */
export class BlobClient {
  private readonly connection: NatsConnection;
  private readonly subjects: Subjects;

  constructor(connection: NatsConnection, subjects: Subjects) {
    this.connection = connection;
    this.subjects = subjects;
  }

  /** Rejects when the blob does not exist, or no controller answers for about three seconds. */
  get(digest: string): Promise<Uint8Array> {
    return persist(async () => checkDigest(digest, await this.fetch(digest)));
  }

  /** Resolves with the digest once a controller has stored the bytes. */
  put(bytes: Uint8Array): Promise<string> {
    return persist(() => this.send(bytes));
  }

  private async fetch(digest: string): Promise<Uint8Array> {
    const first = readAnswer(await this.getChunk(digest, 0));
    if (first.totalBytes === first.bytes.byteLength) return first.bytes;
    const whole = Buffer.allocUnsafe(first.totalBytes);
    whole.set(first.bytes, 0);
    const step = first.bytes.byteLength;
    for (let from = step; from < whole.byteLength; from += step * PARALLEL_CHUNKS) {
      const offsets = Array.from({ length: PARALLEL_CHUNKS }, (_, index) => from + index * step);
      const wanted = offsets.filter((offset) => offset < whole.byteLength);
      const chunks = await Promise.all(
        wanted.map(async (offset) => readAnswer(await this.getChunk(digest, offset))),
      );
      chunks.forEach(({ bytes }, index) => whole.set(bytes, wanted[index]));
    }
    return whole;
  }

  private getChunk(digest: string, offset: number): Promise<Msg> {
    const length = chunkBytes(this.connection);
    const request = JSON.stringify({ digest, offset, length });
    return this.request(this.subjects.blob('get'), request);
  }

  private async send(bytes: Uint8Array): Promise<string> {
    const opened = readAnswer(
      await this.request(this.subjects.blob('put'), JSON.stringify({ size: bytes.byteLength })),
    );
    const session = Buffer.from(opened.bytes).toString('utf8');
    const step = chunkBytes(this.connection);
    let answer = '';
    // The empty blob is one empty chunk.
    for (let from = 0; from === 0 || from < bytes.byteLength; from += step) {
      const chunk = bytes.subarray(from, from + step);
      const { bytes: text } = readAnswer(await this.request(session, chunk));
      answer = Buffer.from(text).toString('utf8');
    }
    const digest = digestOf(bytes);
    if (answer === digest) return digest;
    throw new Error(`blob ${digest} was stored as ${answer || 'nothing'}`);
  }

  private request(subject: string, body: string | Uint8Array): Promise<Msg> {
    return this.connection.request(subject, body, { timeout: BLOB_REQUEST_MS });
  }
}

/** A controller may be restarting: its absence is worth a few more tries, a refusal is not. */
async function persist<T>(work: () => Promise<T>): Promise<T> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await work();
    } catch (error) {
      if (tried === TRIES || (error instanceof Error && error.name === 'BlobRefusedError')) {
        throw new Error(`blob transfer failed: ${messageOf(error)}`, { cause: error });
      }
      await sleep(FIRST_BACK_OFF_MS * 2 ** tried);
    }
  }
}

function messageOf(error: unknown): string {
  if (error instanceof RequestError && error.isNoResponders()) return 'no controller serves blobs';
  return error instanceof Error ? error.message : String(error);
}
