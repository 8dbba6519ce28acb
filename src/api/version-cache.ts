import { Code, ConnectError } from '@connectrpc/connect';
import type { VersionRecord } from '../record/workflow.ts';
import type { Library } from './ports.ts';

/** Versions that are kept, and characters of their manifests: a graph is about as large again. */
const KEPT = 2000;
const KEPT_CHARACTERS = 64 << 20;

/** Versions never change, so each is read once. */
export interface VersionCache {
  /** By id; all of them, or an internal error that names the missing one. */
  get(ids: readonly string[]): Promise<ReadonlyMap<string, VersionRecord>>;
  one(id: string): Promise<VersionRecord>;
}

export function createVersionCache(library: Pick<Library, 'loadVersions'>): VersionCache {
  const known = new Map<string, { readonly version: VersionRecord; readonly length: number }>();
  let characters = 0;
  const keep = (version: VersionRecord): void => {
    const { length } = JSON.stringify(version.manifest);
    characters += length - (known.get(version.id)?.length ?? 0);
    known.set(version.id, { version, length });
    for (const [oldest, each] of known) {
      if (known.size <= KEPT && characters <= KEPT_CHARACTERS) return;
      known.delete(oldest);
      characters -= each.length;
    }
  };
  const get = async (ids: readonly string[]): Promise<ReadonlyMap<string, VersionRecord>> => {
    const found = new Map<string, VersionRecord>();
    for (const id of ids) {
      const kept = known.get(id);
      if (kept !== undefined) found.set(id, kept.version);
    }
    const missing = [...new Set(ids)].filter((id) => !found.has(id));
    const loaded = missing.length === 0 ? [] : await library.loadVersions(missing);
    for (const version of loaded) {
      found.set(version.id, version);
      keep(version);
    }
    return found;
  };
  const one = async (id: string): Promise<VersionRecord> => {
    const version = (await get([id])).get(id);
    if (version !== undefined) return version;
    throw new ConnectError(`Version ${id} is not in the ledger.`, Code.DataLoss);
  };
  return { get, one };
}
