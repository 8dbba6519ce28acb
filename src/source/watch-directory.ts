import { statSync } from 'node:fs';
import { dirname, relative, sep } from 'node:path';

import { IGNORE_FILE } from './ignore-rules.ts';
import type { Watch } from './source.ts';
import type { Walked } from './walk-directory.ts';
import { FolderWatches } from './watch-folders.ts';

/** One call for a burst of events: a checkout or an unpacked archive comes as hundreds. */
const quietMs = 80;
/** Under an endless stream of events a call is still made this often. */
const burstMs = 500;
/** With more of them it is as quick to look at everything, and the system may have dropped some. */
const toldMax = 500;

/** What may have changed: everything, or these files by their paths in the directory. */
export type Told = 'all' | ReadonlySet<string>;

/** What a watch has to know of a walk. */
type Seen = Pick<Walked, 'folders' | 'hasLinks' | 'isIgnored'>;

/**
 * Watches a directory, also before it is there and after it was replaced, and keeps what it was
 * told until somebody looks.
 */
export class DirectoryWatch implements Watch {
  readonly #location: string;
  readonly #onChange: () => void;
  readonly #folders = new FolderWatches((path) => this.#hear(path));
  #root: string;
  #seen: Seen;
  #told: 'all' | Set<string> = 'all';
  #quiet: NodeJS.Timeout | undefined;
  #burstStartedAt: number | null = null;

  constructor(location: string, onChange: () => void) {
    this.#location = location;
    this.#onChange = onChange;
    this.#root = location;
    this.#seen = unseen;
    this.follow(location, { ...unseen, folders: identified(location) });
  }

  /** Watches what the directory consists of now. Whether some of it was not watched before. */
  follow(root: string, seen: Seen): boolean {
    this.#root = root;
    this.#seen = seen;
    return this.#folders.follow(new Map([...this.#above(), ...seen.folders]));
  }

  /** What was told since the last time. Whoever takes it looks at it after this call. */
  take(): Told {
    const told = this.#told;
    this.#told = new Set();
    return told;
  }

  stop(): Promise<void> {
    clearTimeout(this.#quiet);
    this.#folders.stop();
    return Promise.resolve();
  }

  /** The nearest folder above that is there: in it the directory appears, or is exchanged. */
  #above(): ReadonlyMap<string, string> {
    for (let folder = dirname(this.#location); ; folder = dirname(folder)) {
      const found = identified(folder);
      if (found.size > 0 || folder === dirname(folder)) return found;
    }
  }

  #hear(path: string): void {
    if (isWithin(this.#location, path) || isWithin(this.#root, path)) return this.#tell(null);
    // Neighbours of the directory are none of ours.
    if (!isWithin(path, this.#root)) return;
    const file = relative(this.#root, path).split(sep).join('/');
    if (this.#seen.hasLinks || file === IGNORE_FILE) this.#tell(null);
    else if (!this.#seen.isIgnored(file)) this.#tell(file);
  }

  /** A file, or null for anything. */
  #tell(file: string | null): void {
    if (file === null || this.#told === 'all' || this.#told.size >= toldMax) this.#told = 'all';
    else this.#told.add(file);
    this.#call();
  }

  #call(): void {
    this.#burstStartedAt ??= Date.now();
    clearTimeout(this.#quiet);
    const left = this.#burstStartedAt + burstMs - Date.now();
    this.#quiet = setTimeout(
      () => {
        this.#burstStartedAt = null;
        this.#onChange();
      },
      Math.max(0, Math.min(quietMs, left)),
    );
  }
}

/** Of a directory that nobody has walked yet, or that is not there. */
export const unseen: Seen = { folders: new Map(), hasLinks: false, isIgnored: () => false };

/** The folder with what it is on the disk; nothing when it is not there. */
function identified(folder: string): ReadonlyMap<string, string> {
  const stats = statSync(folder, { bigint: true, throwIfNoEntry: false });
  if (stats?.isDirectory() !== true) return new Map();
  return new Map([[folder, `${stats.dev}.${stats.ino}`]]);
}

/** Whether a path is another one or somewhere below it. */
function isWithin(path: string, other: string): boolean {
  return path === other || path.startsWith(other.endsWith(sep) ? other : other + sep);
}
