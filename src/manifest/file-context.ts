import type { ReadParts } from './read-parts.ts';

export interface FileContext extends ReadParts {
  readonly file: string;
  readonly folder: Folder;
  /** In place of the name that a workflow gives itself. */
  readonly name?: string;
}

/** The files that a manifest may refer to. */
export interface Folder {
  /** In the source; empty is its root. */
  readonly path: string;
  readonly files: Pick<ReadonlyMap<string, Uint8Array>, 'get'>;
  /** All of them, relative to the folder. */
  names(): readonly string[];
}

/** A file of a folder, by its path relative to it. */
export function fileIn(folder: Folder, path: string): Uint8Array | undefined {
  return folder.files.get(folder.path === '' ? path : `${folder.path}/${path}`);
}

export interface BuildContext extends FileContext {
  readonly place: { readonly file: string; readonly line: number; readonly column: number };
}
