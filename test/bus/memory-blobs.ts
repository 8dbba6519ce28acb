import type { BlobStore } from '../../src/bus/bus.ts';
import { digestOf } from '../../src/bus/subjects.ts';

/** A blob store in memory. */
export function memoryBlobs(): BlobStore & { readonly kept: Map<string, Uint8Array> } {
  const kept = new Map<string, Uint8Array>();
  return {
    kept,
    get: (digest) => Promise.resolve(kept.get(digest) ?? null),
    put: (bytes) => {
      const digest = digestOf(bytes);
      kept.set(digest, bytes.slice());
      return Promise.resolve(digest);
    },
  };
}
