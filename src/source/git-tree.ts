import { posix } from 'node:path';

import { SourceError } from './source-error.ts';

export interface TreeEntry {
  readonly mode: string;
  readonly oid: string;
  /** Bytes; 0 for what is no blob. */
  readonly size: number;
  /** Relative to the directory that was asked for. */
  readonly path: string;
}

/** Reads the output of `git ls-tree -r -l -z`. */
export function parseTree(output: Buffer): TreeEntry[] {
  return output
    .toString('utf8')
    .split('\0')
    .filter((record) => record !== '')
    .map((record) => {
      const tab = record.indexOf('\t');
      const [mode = '', , oid = '', size = ''] = record.slice(0, tab).split(/ +/);
      return { mode, oid, size: size === '-' ? 0 : Number(size), path: record.slice(tab + 1) };
    });
}

/** Reads the output of `git cat-file --batch`: for each object a line, its bytes and a newline. */
export function parseBatch(output: Buffer): Map<string, Uint8Array> {
  const blobs = new Map<string, Uint8Array>();
  let at = 0;
  while (at < output.length) {
    const end = output.indexOf(10, at);
    const [oid = '', type, size] = output.toString('latin1', at, end).split(' ');
    if (type !== 'blob') throw new Error(`git cat-file gave ${type ?? 'nothing'} for ${oid}`);
    const start = end + 1;
    at = start + Number(size);
    // A copy, or one small file would keep the whole batch in memory.
    blobs.set(oid, Uint8Array.prototype.slice.call(output, start, at));
    at += 1;
  }
  return blobs;
}

/** The entry that a symbolic link leads to inside the tree; throws where it leads elsewhere. */
export function followLink(
  link: TreeEntry,
  target: string,
  tree: { readonly location: string; readonly entries: ReadonlyMap<string, TreeEntry> },
): TreeEntry {
  const place = posix.normalize(posix.join(posix.dirname(link.path), target));
  const isOutside = target.startsWith('/') || place === '..' || place.startsWith('../');
  const found = tree.entries.get(place);
  if (!isOutside && found !== undefined && found.mode.startsWith('100')) return found;
  const problem = isOutside ? 'leaves the source' : 'does not lead to a file of the source';
  throw new SourceError('symlink', {
    message: `${tree.location}: the symbolic link ${link.path} ${problem}`,
    remedy: 'Remove it, name it in .behestignore, or put the file itself there',
  });
}
