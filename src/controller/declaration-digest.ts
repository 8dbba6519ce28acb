import { createHash } from 'node:crypto';
import type { Resource } from '../manifest/read.ts';

/** By resource: the reader gives the same one for what did not change. */
const known = new WeakMap<Resource, string>();

/**
 * SHA-256 over all that a resource declares: its manifest with title, labels and annotations, and
 * by its own digest the files that it refers to.
 */
export function declarationDigest(resource: Resource): string {
  const before = known.get(resource);
  if (before !== undefined) return before;
  const { kind, digest, manifest } = resource;
  const text = JSON.stringify([kind, digest, manifest]);
  const made = createHash('sha256').update(text).digest('hex');
  known.set(resource, made);
  return made;
}
