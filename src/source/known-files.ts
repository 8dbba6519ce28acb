import { createHash } from 'node:crypto';
import { type BigIntStats, lstatSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { checkLimits } from './check-limits.ts';
import { hasCode } from './has-code.ts';
import { Slices } from './slices.ts';
import type { SourceLimits } from './source.ts';
import { type FoundFile, foundFile } from './walk-directory.ts';

export interface KnownFile {
  readonly stamp: string;
  readonly bytes: Uint8Array;
  /** SHA-256, hex. */
  readonly digest: string;
}

/** Files by path, sorted. */
export type KnownFiles = ReadonlyMap<string, KnownFile>;

/** A file is left alone until it has not changed for this long: editors write in several steps. */
export const settleMs = 60;

/** The name of a file that has changed just now. */
export function restlessOne(found: readonly FoundFile[]): string | undefined {
  const now = Date.now();
  return found.find(({ changedAt }) => now >= changedAt && now - changedAt < settleMs)?.path;
}

interface Place {
  readonly root: string;
  readonly limits: SourceLimits;
}

/** Reads what was found; a file with its old stamp is not read again, but is the same one. */
export async function readFound(
  { root, limits, signal }: Place & { readonly signal: AbortSignal },
  found: readonly FoundFile[],
  before: KnownFiles,
): Promise<{ readonly files: KnownFiles; readonly hasRead: boolean }> {
  checkLimits(root, found, limits);
  const slices = new Slices(signal);
  const files = new Map<string, KnownFile>();
  let hasRead = false;
  for (const file of found) {
    const old = before.get(file.path);
    if (old?.stamp !== file.stamp) {
      if (slices.isOver) await slices.giveWay();
      hasRead = true;
    }
    files.set(file.path, old?.stamp === file.stamp ? old : readOne(root, file, old));
  }
  return { files, hasRead };
}

/**
 * The known files after a look at these paths alone; `restless` names one that is still being
 * written. Null when only a walk can tell: something else than a file has come, gone or changed.
 */
export function lookAgain(
  { root, folders, limits }: Place & { readonly folders: ReadonlyMap<string, string> },
  paths: ReadonlySet<string>,
  before: KnownFiles,
): { readonly files: KnownFiles } | { readonly restless: string } | null {
  const found: FoundFile[] = [];
  const files = new Map(before);
  for (const path of paths) {
    const stats = statsOf(join(root, path));
    if (folders.has(join(root, path)) || stats?.isFile() === false) return null;
    if (stats === undefined) files.delete(path);
    else found.push(foundFile(path, stats));
  }
  const restless = restlessOne(found);
  if (restless !== undefined) return { restless };
  const changed = found.filter(({ path, stamp }) => before.get(path)?.stamp !== stamp);
  if (changed.length > 0) checkLimits(root, [...sizesOf(files, changed), ...changed], limits);
  for (const file of changed) files.set(file.path, readOne(root, file, before.get(file.path)));
  const torn = changed.find(({ path, stamp }) => stampOf(root, path) !== stamp);
  if (torn !== undefined) return { restless: torn.path };
  const isNew = changed.some(({ path }) => !before.has(path));
  return { files: isNew ? sorted(files) : files };
}

function readOne(root: string, { path, stamp }: FoundFile, old: KnownFile | undefined): KnownFile {
  const bytes = readFileSync(join(root, path));
  const digest = createHash('sha256').update(bytes).digest('hex');
  // Touched, not changed: whoever knows the array need not look into it again.
  return { stamp, digest, bytes: old?.digest === digest ? old.bytes : bytes };
}

function sizesOf(files: KnownFiles, except: readonly FoundFile[]): FoundSize[] {
  const left = new Set(except.map(({ path }) => path));
  return [...files].flatMap(([path, { bytes }]) =>
    left.has(path) ? [] : [{ path, size: bytes.byteLength }],
  );
}

type FoundSize = Pick<FoundFile, 'path' | 'size'>;

function stampOf(root: string, path: string): string {
  const stats = statsOf(join(root, path));
  return stats === undefined ? '' : foundFile(path, stats).stamp;
}

/** Undefined when there is nothing, or when a folder on the way there is a file by now. */
function statsOf(place: string): BigIntStats | undefined {
  try {
    return lstatSync(place, { bigint: true });
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function sorted(files: ReadonlyMap<string, KnownFile>): KnownFiles {
  return new Map([...files].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
