import { createHash } from 'node:crypto';
import type { Resource } from '../manifest/read.ts';
import type { InventoryEntry } from '../record/source.ts';

/** By resource: the reader gives the same one for what did not change. */
const entries = new WeakMap<Resource, InventoryEntry>();
const keys = new WeakMap<InventoryEntry, string>();

/** What the inventory says of a resource; the same entry for the same resource. */
export function inventoryEntry(resource: Resource): InventoryEntry {
  const known = entries.get(resource);
  if (known !== undefined) return known;
  const { namespace, kind, name, file } = resource;
  const digest = declarationDigest(resource);
  const keep = resource.annotations['behest.dev/prune'] === 'disabled';
  const entry = { namespace, kind, name, file, digest, keep };
  entries.set(resource, entry);
  return entry;
}

/** What an object is called among all kinds and namespaces. */
export function keyOf(entry: InventoryEntry): string {
  const known = keys.get(entry);
  if (known !== undefined) return known;
  const key = `${entry.namespace}/${entry.kind}/${entry.name}`;
  keys.set(entry, key);
  return key;
}

/**
 * SHA-256 over all that a resource declares: its manifest with title, labels and annotations, and
 * by its own digest the files that it refers to.
 */
function declarationDigest({ kind, digest, manifest }: Resource): string {
  const text = JSON.stringify([kind, digest, manifest]);
  return createHash('sha256').update(text).digest('hex');
}
