import type { InventoryEntry } from '../record/source.ts';
import type { Resource } from './resource.ts';

/** What applying the desired objects would do to the stored ones. */
export interface ManifestDiff {
  readonly created: readonly Resource[];
  readonly configured: readonly Resource[];
  readonly unchanged: readonly Resource[];
  /** No longer declared, and not kept by `behest.dev/prune: disabled`. */
  readonly pruned: readonly InventoryEntry[];
}

/** Pure set difference by kind, namespace, name and digest. */
export function diff(
  desired: readonly Resource[],
  stored: readonly InventoryEntry[],
): ManifestDiff {
  const known = new Map(stored.map((entry) => [keyOf(entry), entry]));
  const declared = new Set(desired.map(keyOf));
  return {
    created: desired.filter((each) => !known.has(keyOf(each))),
    configured: desired.filter((each) => {
      const entry = known.get(keyOf(each));
      return entry !== undefined && entry.digest !== each.digest;
    }),
    unchanged: desired.filter((each) => known.get(keyOf(each))?.digest === each.digest),
    pruned: stored.filter((entry) => !entry.keep && !declared.has(keyOf(entry))),
  };
}

function keyOf({
  kind,
  namespace,
  name,
}: Pick<InventoryEntry, 'kind' | 'namespace' | 'name'>): string {
  return `${kind}/${namespace}/${name}`;
}
