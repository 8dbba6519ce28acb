import type { Msg, NatsConnection } from '@nats-io/transport-node';

export const BLOB_REQUEST_MS = 10_000;
const HEADER_BYTES = 9;
const MAX_CHUNK_BYTES = 1024 * 1024;
/** Room for subject, reply and header beside the chunk. */
const OVERHEAD_BYTES = 1_024;

/** The controller said no, and would again. */
class BlobRefusedError extends Error {
  override readonly name = 'BlobRefusedError';
}

/** How much of a blob fits in one message of this server. */
export function chunkBytes(connection: NatsConnection): number {
  const maxPayload = connection.info?.max_payload ?? MAX_CHUNK_BYTES;
  return Math.max(1, Math.min(maxPayload - OVERHEAD_BYTES, MAX_CHUNK_BYTES));
}

/** What piece of which blob is asked for. */
export function readGet(msg: Msg): { digest: string; offset: number; length: number } {
  const { digest, offset, length } = msg.json<Record<string, unknown>>();
  if (typeof digest === 'string' && isCount(offset) && isCount(length)) {
    return { digest, offset, length };
  }
  throw new Error('expected a digest, an offset and a length');
}

/** How many bytes are announced. */
export function readPut(msg: Msg): number {
  const { size } = msg.json<Record<string, unknown>>();
  if (isCount(size)) return size;
  throw new Error('expected the size of a blob');
}

/** An answer: one byte that is 0 for success, the blob's whole size, then bytes or the error. */
export function writeAnswer(totalBytes: number, bytes: Uint8Array): Uint8Array {
  return answer(0, totalBytes, bytes);
}

export function writeRefusal(reason: string): Uint8Array {
  return answer(1, 0, Buffer.from(reason, 'utf8'));
}

/** Throws what the other side refused with. */
export function readAnswer(msg: { readonly data: Uint8Array }): {
  readonly totalBytes: number;
  readonly bytes: Uint8Array;
} {
  const { data } = msg;
  const buffer = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (buffer.byteLength < HEADER_BYTES) throw new BlobRefusedError('the answer is cut short');
  const bytes = buffer.subarray(HEADER_BYTES);
  if (buffer[0] !== 0) throw new BlobRefusedError(bytes.toString('utf8'));
  return { totalBytes: Number(buffer.readBigUInt64BE(1)), bytes };
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function answer(status: number, totalBytes: number, bytes: Uint8Array): Uint8Array {
  const buffer = Buffer.allocUnsafe(HEADER_BYTES + bytes.byteLength);
  buffer[0] = status;
  buffer.writeBigUInt64BE(BigInt(totalBytes), 1);
  buffer.set(bytes, HEADER_BYTES);
  return buffer;
}
