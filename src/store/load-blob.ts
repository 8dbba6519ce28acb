import type { Sql } from './connect.ts';

/** The whole content of a digest, or null. */
export async function loadBlob(sql: Sql, digest: string): Promise<Uint8Array | null> {
  const [blob] = await sql<{ size: number }[]>`
    select size from blob where digest = ${digest}::text`;
  if (blob === undefined) return null;
  const bytes = new Uint8Array(blob.size);
  for (let number = 0, at = 0; at < blob.size; number += 1) {
    const chunk = await loadChunk(sql, digest, number);
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

async function loadChunk(sql: Sql, digest: string, number: number): Promise<Uint8Array> {
  const [row] = await sql<{ bytes: Uint8Array }[]>`
    select bytes from blob_chunk where digest = ${digest}::text and number = ${number}::int4`;
  if (row === undefined || row.bytes.byteLength === 0) {
    throw new Error(`blob ${digest} lacks its chunk ${number}`);
  }
  return row.bytes;
}
