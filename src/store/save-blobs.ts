import type { Sql } from './connect.ts';

export interface NewBlob {
  readonly digest: string;
  readonly bytes: Uint8Array;
  readonly mediaType?: string;
}

interface Chunk {
  readonly digest: string;
  readonly number: number;
  readonly bytes: Uint8Array;
}

const CHUNK_BYTES = 1 << 20;

/**
 * Stores contents by digest; those that are there already cost nothing. The row in `blob` comes
 * last, so a blob is seen when it is whole; chunks that a crash leaves are completed by the next.
 */
export async function saveBlobs(sql: Sql, blobs: readonly NewBlob[], now: number): Promise<void> {
  const missing = await findMissing(sql, blobs);
  if (missing.length === 0) return;
  for (const batch of batches(missing.flatMap(chunksOf))) await insertChunks(sql, batch);
  await sql`
    insert into blob (digest, size, media_type, created_at)
    select b.digest, b.size, b.media_type, ${now}::int8
    from unnest(
      ${missing.map((blob) => blob.digest)}::text[],
      ${missing.map((blob) => blob.bytes.byteLength)}::int8[],
      ${missing.map((blob) => blob.mediaType ?? 'application/octet-stream')}::text[]
    ) as b (digest, size, media_type)
    on conflict (digest) do nothing`;
}

async function findMissing(sql: Sql, blobs: readonly NewBlob[]): Promise<NewBlob[]> {
  const unique = new Map(blobs.map((blob) => [blob.digest, blob]));
  if (unique.size === 0) return [];
  const rows = await sql<{ digest: string }[]>`
    select digest from blob where digest = any(${[...unique.keys()]}::text[])`;
  for (const row of rows) unique.delete(row.digest);
  return [...unique.values()];
}

function chunksOf({ digest, bytes }: NewBlob): Chunk[] {
  const count = Math.ceil(bytes.byteLength / CHUNK_BYTES);
  return Array.from({ length: count }, (_, number) => ({
    digest,
    number,
    bytes: bytes.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES),
  }));
}

/** Small chunks together, about 1 MiB a statement. */
function batches(chunks: readonly Chunk[]): Chunk[][] {
  const found: Chunk[][] = [];
  let room = 0;
  for (const chunk of chunks) {
    const batch = found.at(-1);
    if (batch === undefined || chunk.bytes.byteLength > room) {
      found.push([chunk]);
      room = CHUNK_BYTES - chunk.bytes.byteLength;
    } else {
      batch.push(chunk);
      room -= chunk.bytes.byteLength;
    }
  }
  return found;
}

async function insertChunks(sql: Sql, chunks: readonly Chunk[]): Promise<void> {
  // Sorted, so that two writers of the same contents do not wait for each other in a circle.
  const sorted = chunks.toSorted((a, b) => (a.digest < b.digest ? -1 : 1));
  const hex = sorted.map((chunk) => Buffer.from(chunk.bytes).toString('hex'));
  await sql`
    insert into blob_chunk (digest, number, bytes)
    select c.digest, c.number, decode(c.hex, 'hex')
    from unnest(
      ${sorted.map((chunk) => chunk.digest)}::text[],
      ${sorted.map((chunk) => chunk.number)}::int4[], ${hex}::text[]
    ) as c (digest, number, hex)
    on conflict (digest, number) do nothing`;
}
