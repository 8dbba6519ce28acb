import { type BigIntStats, lstatSync, promises as fs, readdirSync, statSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';

import { overLimit } from './check-limits.ts';
import { hasCode } from './has-code.ts';
import { IGNORE_FILE, type IgnoreRules, ignoreRules } from './ignore-rules.ts';
import { Slices } from './slices.ts';
import type { SourceLimits } from './source.ts';
import { SourceError } from './source-error.ts';

export interface FoundFile {
  /** Relative to the root, with `/`. */
  readonly path: string;
  readonly size: number;
  /** Changes whenever the content may have changed. */
  readonly stamp: string;
  /** Epoch ms of the last change to content or name. */
  readonly changedAt: number;
}

export interface Walked {
  /** All that count, sorted by path. */
  readonly files: readonly FoundFile[];
  /** Where they and their like can come and go: real paths, each with what it is on the disk. */
  readonly folders: ReadonlyMap<string, string>;
  /** A change at one path can then be one at another. */
  readonly hasLinks: boolean;
  readonly isIgnored: IgnoreRules;
}

interface Walk {
  readonly root: string;
  readonly limits: SourceLimits;
  readonly isIgnored: IgnoreRules;
  readonly slices: Slices;
  readonly files: FoundFile[];
  readonly folders: Map<string, string>;
  hasLinks: boolean;
}

/** Finds all files of a directory. `root` is a real path. */
export async function walkDirectory(
  root: string,
  limits: SourceLimits,
  signal: AbortSignal,
): Promise<Walked> {
  signal.throwIfAborted();
  const isIgnored = ignoreRules(await readIgnoreFile(root));
  const slices = new Slices(signal);
  const walk: Walk = {
    root,
    limits,
    isIgnored,
    slices,
    files: [],
    folders: new Map(),
    hasLinks: false,
  };
  await enter(walk, '', [root]);
  walk.files.sort((a, b) => (a.path < b.path ? -1 : 1));
  return walk;
}

/** `trail` is the real paths of the directories above, to notice a circle of links. */
async function enter(walk: Walk, folder: string, trail: readonly string[]): Promise<void> {
  const place = join(walk.root, folder);
  noteFolder(walk, trail.at(-1) ?? place);
  for (const entry of readdirSync(place, { withFileTypes: true })) {
    if (walk.slices.isOver) await walk.slices.giveWay();
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    // A rule like `build/` must not be asked about a file named build, so links wait for their kind.
    if (entry.isDirectory() ? walk.isIgnored(`${path}/`) : walk.isIgnored(path)) continue;
    const isLink = entry.isSymbolicLink();
    const real = isLink ? await follow(walk, path) : join(walk.root, path);
    const stats = (isLink ? statSync : lstatSync)(real, { bigint: true });
    if (stats.isDirectory()) await enterBelow(walk, { path, real, trail });
    else if (stats.isFile()) add(walk, path, stats);
    if (isLink && stats.isFile()) noteFolder(walk, dirname(real));
  }
}

function noteFolder(walk: Walk, real: string): void {
  if (walk.folders.has(real)) return;
  const { dev, ino } = statSync(real, { bigint: true });
  walk.folders.set(real, `${dev}.${ino}`);
}

async function enterBelow(
  walk: Walk,
  { path, real, trail }: { path: string; real: string; trail: readonly string[] },
): Promise<void> {
  if (walk.isIgnored(`${path}/`)) return;
  if (trail.includes(real)) throw linkError(walk, path, 'goes in circles');
  await enter(walk, path, [...trail, real]);
}

function add(walk: Walk, path: string, stats: BigIntStats): void {
  walk.files.push(foundFile(path, stats));
  // Stops early: a directory of millions must not be listed to its end to be refused.
  if (walk.files.length > walk.limits.files) {
    throw overLimit(walk.root, `holds more than ${walk.limits.files} files`);
  }
}

async function follow(walk: Walk, path: string): Promise<string> {
  walk.hasLinks = true;
  const real = await fs.realpath(join(walk.root, path)).catch((error: unknown) => {
    const isLoop = hasCode(error, 'ELOOP');
    throw linkError(walk, path, isLoop ? 'goes in circles' : 'points at nothing');
  });
  if (real !== walk.root && !real.startsWith(walk.root + sep)) {
    throw linkError(walk, path, 'leaves the source');
  }
  return real;
}

function linkError(walk: Walk, path: string, problem: string): SourceError {
  return new SourceError('symlink', {
    message: `${walk.root}: the symbolic link ${path} ${problem}`,
    remedy: 'Remove it, name it in .behestignore, or put the file itself there',
  });
}

/** What a look at the disk says of a file. */
export function foundFile(path: string, stats: BigIntStats): FoundFile {
  return {
    path,
    size: Number(stats.size),
    stamp: `${stats.dev}.${stats.ino}.${stats.size}.${stats.mtimeNs}.${stats.ctimeNs}`,
    changedAt: Number(stats.ctimeMs),
  };
}

async function readIgnoreFile(root: string): Promise<string> {
  try {
    return await fs.readFile(join(root, IGNORE_FILE), 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return '';
    throw error;
  }
}
