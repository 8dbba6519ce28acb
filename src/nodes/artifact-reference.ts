import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { isJsonObject, type Json, type JsonObject } from '../expr/json.ts';
import type { StepContext } from './node-type.ts';

/** How outputs and inputs name a stored file. Field names as in REST: uploads arrive as these. */
// oxlint-disable-next-line typescript/consistent-type-definitions -- an interface would be no Json
export type ArtifactReference = {
  /** SHA-256 of the content, hex. */
  readonly artifact: string;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly media_type: string;
};

/** JSON Schema of a reference. */
export const artifactReference: JsonObject = {
  title: 'reference to a stored file',
  type: 'object',
  required: ['artifact', 'name'],
  properties: {
    artifact: { type: 'string', pattern: '^[0-9a-f]{64}$' },
    name: { type: 'string', minLength: 1, maxLength: 1024 },
    size: { type: 'integer', minimum: 0 },
    media_type: { type: 'string' },
  },
};

export function isArtifactReference(value: Json | undefined): value is ArtifactReference {
  return isJsonObject(value) && typeof value['artifact'] === 'string';
}

/** Stores bytes under a name of this path and answers the reference to them. */
export async function storeArtifact(
  context: Pick<StepContext, 'storeBlob'>,
  { path, bytes, mediaType }: { path: string; bytes: Uint8Array; mediaType?: string },
): Promise<ArtifactReference> {
  const artifact = await context.storeBlob(bytes);
  const name = posix.basename(path);
  return {
    artifact,
    name,
    size: bytes.byteLength,
    media_type: mediaType ?? mediaTypeOf(name),
  };
}

/** Digest of a content, as artifacts are named by. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

const MEDIA_TYPES: ReadonlyMap<string, string> = new Map([
  ['.css', 'text/css; charset=utf-8'],
  ['.csv', 'text/csv; charset=utf-8'],
  ['.docx', 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'],
  ['.gif', 'image/gif'],
  ['.gz', 'application/gzip'],
  ['.htm', 'text/html; charset=utf-8'],
  ['.html', 'text/html; charset=utf-8'],
  ['.jpeg', 'image/jpeg'],
  ['.jpg', 'image/jpeg'],
  ['.js', 'text/javascript; charset=utf-8'],
  ['.json', 'application/json'],
  ['.jsonl', 'application/x-ndjson'],
  ['.log', 'text/plain; charset=utf-8'],
  ['.md', 'text/markdown; charset=utf-8'],
  ['.ndjson', 'application/x-ndjson'],
  ['.parquet', 'application/vnd.apache.parquet'],
  ['.pdf', 'application/pdf'],
  ['.png', 'image/png'],
  ['.svg', 'image/svg+xml'],
  ['.tsv', 'text/tab-separated-values; charset=utf-8'],
  ['.txt', 'text/plain; charset=utf-8'],
  ['.webp', 'image/webp'],
  ['.xlsx', 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet'],
  ['.xml', 'application/xml'],
  ['.yaml', 'application/yaml'],
  ['.yml', 'application/yaml'],
  ['.zip', 'application/zip'],
]);

/** The media type that a file's name suggests. */
export function mediaTypeOf(name: string): string {
  return MEDIA_TYPES.get(posix.extname(name).toLowerCase()) ?? 'application/octet-stream';
}
