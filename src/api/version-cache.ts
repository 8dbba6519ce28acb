import { Code, ConnectError } from '@connectrpc/connect';
import type { VersionRecord } from '../record/workflow.ts';
import type { Library } from './ports.ts';

const KEPT = 2000;

/** Versions never change, so each is read once. */
export interface VersionCache {
  /** By id; all of them, or an internal error that names the missing one. */
  get(ids: readonly string[]): Promise<ReadonlyMap<string, VersionRecord>>;
  one(id: string): Promise<VersionRecord>;
}

export function createVersionCache(library: Pick<Library, 'loadVersions'>): VersionCache {
  const known = new Map<string, VersionRecord>();
  const get = async (ids: readonly string[]): Promise<ReadonlyMap<string, VersionRecord>> => {
    const found = new Map<string, VersionRecord>();
    for (const id of ids) {
      const version = known.get(id);
      if (version !== undefined) found.set(id, version);
    }
    const missing = [...new Set(ids)].filter((id) => !found.has(id));
    const loaded = missing.length === 0 ? [] : await library.loadVersions(missing);
    for (const version of loaded) {
      found.set(version.id, version);
      known.set(version.id, version);
    }
    for (const oldest of [...known.keys()].slice(0, Math.max(0, known.size - KEPT)))
      known.delete(oldest);
    return found;
  };
  const one = async (id: string): Promise<VersionRecord> => {
    const version = (await get([id])).get(id);
    if (version !== undefined) return version;
    throw new ConnectError(`Version ${id} is not in the ledger.`, Code.DataLoss);
  };
  return { get, one };
}
