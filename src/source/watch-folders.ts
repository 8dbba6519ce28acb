import { type FSWatcher, watch } from 'node:fs';
import { basename, join } from 'node:path';

interface Watched {
  /** What the folder is on the disk: one that was made anew has to be watched anew. */
  readonly identity: string;
  readonly watcher: FSWatcher;
}

/**
 * Tells which entry of some folders may have changed: a watch of the system's for each folder, none
 * for a file. Only hints: where the system has no more watches, nothing is told of a folder.
 */
export class FolderWatches {
  readonly #onEntry: (path: string) => void;
  readonly #watched = new Map<string, Watched>();
  #isStopped = false;

  /** `onEntry` hears the path of an entry, or of a folder that is not what it was. */
  constructor(onEntry: (path: string) => void) {
    this.#onEntry = onEntry;
  }

  /** Watches these folders, by path and identity, and no others. Whether one of them is new. */
  follow(folders: ReadonlyMap<string, string>): boolean {
    if (this.#isStopped) return false;
    for (const [folder, { identity }] of this.#watched) {
      if (folders.get(folder) !== identity) this.#drop(folder);
    }
    let isNew = false;
    for (const [folder, identity] of folders) {
      if (!this.#watched.has(folder)) isNew = this.#add(folder, identity) || isNew;
    }
    return isNew;
  }

  /** For good: a look that was under way may still find folders to follow. */
  stop(): void {
    this.#isStopped = true;
    for (const folder of this.#watched.keys()) this.#drop(folder);
  }

  #add(folder: string, identity: string): boolean {
    try {
      const watcher = watch(folder, (_, name) => {
        // The end of a folder is told as an entry of its own name.
        const isItself = name === null || name === basename(folder);
        this.#onEntry(isItself ? folder : join(folder, name));
      });
      watcher.on('error', () => {
        this.#drop(folder);
        this.#onEntry(folder);
      });
      this.#watched.set(folder, { identity, watcher });
      return true;
    } catch {
      return false; // Gone again, or no watches are left: the periodic pass finds what changes.
    }
  }

  #drop(folder: string): void {
    this.#watched.get(folder)?.watcher.close();
    this.#watched.delete(folder);
  }
}
