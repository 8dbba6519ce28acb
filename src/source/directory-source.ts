import { createHash } from 'node:crypto';
import { promises as fs } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';

import { hasCode } from './has-code.ts';
import { type KnownFiles, lookAgain, readFound, restlessOne, settleMs } from './known-files.ts';
import type { Extent, Revision, Source, SourceLimits, Watch } from './source.ts';
import { SourceError } from './source-error.ts';
import { type FoundFile, walkDirectory } from './walk-directory.ts';
import { DirectoryWatch, type Told, unseen } from './watch-directory.ts';

/** A directory in which something changes all the time is an error after this long. */
const patienceMs = 5_000;

interface Snapshot {
  readonly seen: Seen;
  readonly revision: Revision;
  readonly files: ReadonlyMap<string, Uint8Array>;
}

interface Seen {
  readonly root: string;
  /** Real paths. */
  readonly folders: ReadonlyMap<string, string>;
  readonly known: KnownFiles;
}

/** What a look saw, or why it has to be repeated. */
type Look =
  | { readonly kind: 'seen'; readonly seen: Seen }
  | { readonly kind: 'restless'; readonly path: string }
  | { readonly kind: 'unclear' };

/** A directory as a source. What `resolve` saw is what `read` gives, byte for byte. */
export class DirectorySource implements Source {
  readonly kind = 'directory';
  readonly location: string;
  readonly ref = '';
  readonly #limits: SourceLimits;
  #watch: DirectoryWatch | null = null;
  #snapshot: Snapshot | null = null;
  /** Whether the snapshot is what was there when the watch was last asked. */
  #isCurrent = false;

  constructor(path: string, limits: SourceLimits) {
    this.location = path;
    this.#limits = limits;
  }

  describe(): string {
    return `directory ${this.location}`;
  }

  async resolve(signal: AbortSignal, extent: Extent = 'all'): Promise<Revision> {
    try {
      this.#snapshot = await this.#takeSnapshot(signal, extent);
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
    this.#watch = new DirectoryWatch(this.location, onChange);
    return this.#watch;
  }

  async #takeSnapshot(signal: AbortSignal, extent: Extent): Promise<Snapshot> {
    const deadline = Date.now() + patienceMs;
    let told: Told = extent === 'told' && this.#isCurrent ? new Set() : 'all';
    this.#isCurrent = false;
    for (;;) {
      signal.throwIfAborted();
      told = union(told, this.#watch?.take() ?? 'all');
      const look = await this.#look(told, signal);
      if (look.kind === 'seen') {
        this.#isCurrent = true;
        return this.#keep(look.seen);
      }
      if (look.kind === 'unclear') {
        told = 'all';
        continue;
      }
      if (Date.now() > deadline) throw this.#unsettled(look.path);
      await sleep(settleMs / 2, undefined, { signal });
    }
  }

  async #look(told: Told, signal: AbortSignal): Promise<Look> {
    try {
      if (told === 'all' || this.#snapshot === null) return await this.#lookAtAll(signal);
      return this.#lookAt(told, this.#snapshot.seen);
    } catch (error) {
      // Gone or exchanged between listing and reading; if it was the root, the next look says so.
      if (hasCode(error, 'ENOENT', 'ENOTDIR')) return { kind: 'restless', path: 'a file' };
      throw error;
    }
  }

  async #lookAtAll(signal: AbortSignal): Promise<Look> {
    const root = await this.#findRoot();
    const limits = this.#limits;
    const walked = await walkDirectory(root, limits, signal);
    // What changes from here on is seen by the second walk, or told.
    const isNews = this.#watch?.follow(root, walked) ?? false;
    const restless = restlessOne(walked.files);
    if (restless !== undefined) return { kind: 'restless', path: restless };
    const before: KnownFiles = this.#snapshot?.seen.known ?? new Map();
    const place = { root, limits, signal };
    const { files: known, hasRead } = await readFound(place, walked.files, before);
    if (hasRead || isNews) {
      const again = await walkDirectory(root, limits, signal);
      if (!sameStamps(walked.files, again.files)) return { kind: 'restless', path: 'a file' };
    }
    return { kind: 'seen', seen: { root, folders: walked.folders, known } };
  }

  #lookAt(told: ReadonlySet<string>, seen: Seen): Look {
    if (told.size === 0) return { kind: 'seen', seen };
    const look = lookAgain({ ...seen, limits: this.#limits }, told, seen.known);
    if (look === null) return { kind: 'unclear' };
    if ('restless' in look) return { kind: 'restless', path: look.restless };
    return { kind: 'seen', seen: { ...seen, known: look.files } };
  }

  async #findRoot(): Promise<string> {
    const root = await fs.realpath(this.location).catch((error: unknown) => this.#noRoot(error));
    if (!(await fs.stat(root)).isDirectory()) throw this.#noDirectory();
    return root;
  }

  #noRoot(error: unknown): never {
    if (hasCode(error, 'ENOTDIR')) throw this.#noDirectory();
    if (!hasCode(error, 'ENOENT')) throw error;
    // It may come back in a folder that is not there either.
    this.#watch?.follow(this.location, unseen);
    throw this.#missing(error);
  }

  #keep(seen: Seen): Snapshot {
    if (this.#snapshot?.seen === seen) return this.#snapshot;
    const hash = createHash('sha256');
    const files = new Map<string, Uint8Array>();
    for (const [path, { digest, bytes }] of seen.known) {
      hash.update(`${path}\0${digest}\n`);
      files.set(path, bytes);
    }
    const id = hash.digest('hex');
    return { seen, files, revision: { id, display: `sha256:${id.slice(0, 12)}` } };
  }

  #unsettled(path: string): SourceError {
    return new SourceError('unsettled', {
      message: `${this.location}: ${path} has been changing for ${patienceMs} ms`,
      remedy: 'Move what is written all the time elsewhere, or name it in .behestignore',
    });
  }

  #missing(cause: unknown): SourceError {
    return new SourceError('missing', {
      message: `the source directory ${this.location} is not there`,
      remedy: 'Create it, or correct BEHEST_SOURCE; nothing is pruned meanwhile',
      cause,
    });
  }

  #noDirectory(): SourceError {
    return new SourceError('location', {
      message: `${this.location} is a file, expected a directory`,
      remedy: 'Name the directory it is in',
    });
  }

  #explain(error: unknown): unknown {
    if (hasCode(error, 'ABORT_ERR')) {
      return new SourceError('aborted', {
        message: `reading ${this.location} was given up`,
        remedy: 'The next look reads it',
        cause: error,
      });
    }
    if (hasCode(error, 'EACCES', 'EPERM')) {
      return new SourceError('unreadable', {
        message: `${this.location}: ${error instanceof Error ? error.message : ''}`,
        remedy: 'Let the account that runs Behest read it',
        cause: error,
      });
    }
    return error;
  }
}

function abortError(cause: unknown): Error {
  return Object.assign(new Error('aborted', { cause }), { code: 'ABORT_ERR' });
}

function union(a: Told, b: Told): Told {
  return a === 'all' || b === 'all' ? 'all' : new Set([...a, ...b]);
}

function sameStamps(a: readonly FoundFile[], b: readonly FoundFile[]): boolean {
  if (a.length !== b.length) return false;
  return a.every((file, i) => file.path === b[i]?.path && file.stamp === b[i].stamp);
}
