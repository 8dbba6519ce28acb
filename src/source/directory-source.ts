import { createHash } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { checkLimits } from './check-limits.ts';
import type { Revision, Source, SourceLimits, Watch } from './source.ts';
import { SourceError } from './source-error.ts';
import { type FoundFile, walkDirectory } from './walk-directory.ts';
import { watchDirectory } from './watch-directory.ts';

/** A file is left alone until it has not changed for this long: editors write in several steps. */
const settleMs = 60;
/** A directory in which something changes all the time is an error after this long. */
const patienceMs = 5_000;

interface KnownFile {
  readonly stamp: string;
  readonly bytes: Uint8Array;
  readonly digest: string;
}

interface Snapshot {
  readonly revision: Revision;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

/** A directory as a source. What `resolve` saw is what `read` gives, byte for byte. */
export class DirectorySource implements Source {
  readonly kind = 'directory';
  readonly location: string;
  readonly ref = '';
  readonly #limits: SourceLimits;
  #known: ReadonlyMap<string, KnownFile> = new Map();
  #snapshot: Snapshot | null = null;

  constructor(path: string, limits: SourceLimits) {
    this.location = path;
    this.#limits = limits;
  }

  describe(): string {
    return `directory ${this.location}`;
  }

  async resolve(signal: AbortSignal): Promise<Revision> {
    try {
      this.#snapshot = await this.#takeSnapshot(signal);
      return this.#snapshot.revision;
    } catch (error) {
      throw this.#explain(signal.aborted ? abortError(error) : error);
    }
  }

  async read(revision: Revision, signal: AbortSignal): Promise<ReadonlyMap<string, Uint8Array>> {
    if (this.#snapshot?.revision.id !== revision.id) await this.resolve(signal);
    const snapshot = this.#snapshot;
    if (snapshot?.revision.id === revision.id) return snapshot.files;
    throw new SourceError('unsettled', {
      message: `${this.location} is no longer at ${revision.display}`,
      remedy: 'The next look reads what is there now',
    });
  }

  watch(onChange: () => void): Watch {
    return watchDirectory(this.location, onChange);
  }

  async #takeSnapshot(signal: AbortSignal): Promise<Snapshot> {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const root = await fs.realpath(this.location);
      const seen = await this.#look(root, signal);
      if (typeof seen !== 'string') return this.#keep(seen);
      if (Date.now() > deadline) throw this.#unsettled(seen);
      await sleep(settleMs / 2, undefined, { signal });
    }
  }

  /** All files, or the name of what is changing right now. */
  async #look(root: string, signal: AbortSignal): Promise<ReadonlyMap<string, KnownFile> | string> {
    try {
      const found = await walkDirectory(root, this.#limits, signal);
      const restless = found.find((file) => isFresh(file, Date.now()));
      if (restless !== undefined) return restless.path;
      return (await this.#readAll(root, found, signal)) ?? 'a file';
    } catch (error) {
      // Deleted between listing and reading; when the root itself went, the next look says so.
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 'a file';
      throw error;
    }
  }

  /** Null when anything changed meanwhile. A file with its old stamp is not read again. */
  async #readAll(
    root: string,
    found: readonly FoundFile[],
    signal: AbortSignal,
  ): Promise<ReadonlyMap<string, KnownFile> | null> {
    checkLimits(this.location, found, this.#limits);
    const known = new Map<string, KnownFile>();
    let hasRead = false;
    for (const { path, stamp } of found) {
      const before = this.#known.get(path);
      if (before?.stamp === stamp) {
        known.set(path, before);
        continue;
      }
      signal.throwIfAborted();
      const bytes = await fs.readFile(join(root, path));
      const digest = createHash('sha256').update(bytes).digest('hex');
      hasRead = true;
      // Touched, not changed: whoever knows the array need not look into it again.
      known.set(path, { stamp, digest, bytes: before?.digest === digest ? before.bytes : bytes });
    }
    if (!hasRead) return known;
    const again = await walkDirectory(root, this.#limits, signal);
    return sameStamps(found, again) ? known : null;
  }

  #keep(known: ReadonlyMap<string, KnownFile>): Snapshot {
    this.#known = known;
    const hash = createHash('sha256');
    for (const [path, file] of known) hash.update(`${path}\0${file.digest}\n`);
    const id = hash.digest('hex');
    return {
      revision: { id, display: `sha256:${id.slice(0, 12)}` },
      files: new Map([...known].map(([path, file]) => [path, file.bytes])),
    };
  }

  #unsettled(path: string): SourceError {
    return new SourceError('unsettled', {
      message: `${this.location}: ${path} has been changing for ${patienceMs} ms`,
      remedy: 'Move what is written all the time elsewhere, or name it in .behestignore',
    });
  }

  #explain(error: unknown): unknown {
    if (error instanceof SourceError) return error;
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const cause = error;
    switch (code) {
      case 'ABORT_ERR':
        return new SourceError('aborted', {
          message: `reading ${this.location} was given up`,
          remedy: 'The next look reads it',
          cause,
        });
      case 'ENOENT':
        return new SourceError('missing', {
          message: `the source directory ${this.location} is not there`,
          remedy: 'Create it, or correct BEHEST_SOURCE; nothing is pruned meanwhile',
          cause,
        });
      case 'ENOTDIR':
        return new SourceError('location', {
          message: `${this.location} is a file, expected a directory`,
          remedy: 'Name the directory it is in',
          cause,
        });
      case 'EACCES':
      case 'EPERM':
        return new SourceError('unreadable', {
          message: `${this.location}: ${error instanceof Error ? error.message : ''}`,
          remedy: 'Let the account that runs Behest read it',
          cause,
        });
      default:
        return error;
    }
  }
}

function abortError(cause: unknown): Error {
  return Object.assign(new Error('aborted', { cause }), { code: 'ABORT_ERR' });
}

function isFresh(file: FoundFile, now: number): boolean {
  const age = now - file.changedAt;
  return age >= 0 && age < settleMs;
}

function sameStamps(a: readonly FoundFile[], b: readonly FoundFile[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((file, i) => file.path === b[i]?.path && file.stamp === b[i].stamp);
}
