import { Buffer } from 'node:buffer';
import type { Call, CallResult } from '../call.ts';
import { excessOf } from './output-limits.ts';

/** What is needed of Emscripten's file system. */
export interface PythonFiles {
  readonly root: FileNode;
  readonly streams: (FileStream | null | undefined)[];
  readonly filesystems: { readonly MEMFS: object };
  currentPath: string;
  mount(type: object, options: object, path: string): void;
  unmount(path: string): void;
  mkdirTree(path: string): void;
  writeFile(path: string, content: Uint8Array): void;
  /** Follows symbolic links, inside this file system; throws when there is nothing. */
  stat(path: string): { readonly mode: number; readonly size: number };
  readFile(path: string): Uint8Array;
  isDir(mode: number): boolean;
  isFile(mode: number): boolean;
}

interface FileStream {
  fd: number | null;
  /** Position, flags and number of users. */
  readonly shared: object;
}

interface FileNode {
  readonly mode: number;
  contents?: { readonly [name: string]: FileNode } | Uint8Array;
  node_ops: { readonly [operation: string]: unknown };
  stream_ops: { readonly [operation: string]: unknown };
}

/** Directories that a call may write to; each call finds them empty. */
const WRITABLE = ['/work', '/tmp', '/home', '/dev/shm'];

/**
 * Makes every file and directory there is immutable for good, by taking away the operations that
 * change them. Permission bits would not do: the code could change them back.
 */
export function freezeFiles(FS: PythonFiles): void {
  freezeNode(FS, FS.root);
}

function freezeNode(FS: PythonFiles, node: FileNode): void {
  const { getattr, lookup, readdir, readlink } = node.node_ops;
  node.node_ops = defined({ getattr, lookup, readdir, readlink });
  if (FS.isFile(node.mode)) {
    const { llseek, read } = node.stream_ops;
    node.stream_ops = defined({ llseek, read });
  }
  if (!FS.isDir(node.mode) || node.contents === undefined) return;
  for (const child of Object.values(node.contents)) {
    if (typeof child === 'object') freezeNode(FS, child);
  }
}

function defined(operations: { readonly [name: string]: unknown }): { [name: string]: unknown } {
  return Object.fromEntries(Object.entries(operations).filter(([, value]) => value !== undefined));
}

/**
 * Empty writable directories with the call's files, and the folders of its outputs, in /work; the
 * function returned ends them.
 */
export function freshFiles(
  FS: PythonFiles,
  { files, outputs }: Pick<Call, 'files' | 'outputs'>,
): () => void {
  const restoreStreams = keepStreams(FS);
  for (const path of WRITABLE) FS.mount(FS.filesystems.MEMFS, {}, path);
  for (const [path, content] of Object.entries(files)) {
    FS.mkdirTree(folderOf(path));
    FS.writeFile(`/work/${path}`, new Uint8Array(Buffer.from(content, 'base64')));
  }
  for (const path of outputs) FS.mkdirTree(folderOf(path));
  return () => {
    FS.currentPath = '/';
    restoreStreams();
    for (const path of WRITABLE) FS.unmount(path);
  };
}

function folderOf(path: string): string {
  const full = `/work/${path}`;
  return full.slice(0, full.lastIndexOf('/'));
}

/** Hands over what a call wrote of its outputs; the result of one that wrote too much is `limit`. */
export function takeOutputs(
  FS: PythonFiles,
  outputs: readonly string[],
  take: (path: string, bytes: Uint8Array) => void,
): CallResult | undefined {
  const written = outputs.flatMap((path) => {
    const size = fileSize(FS, `/work/${path}`);
    return size === undefined ? [] : [{ path, size }];
  });
  const excess = excessOf(written);
  if (excess !== undefined) return excess;
  for (const { path } of written) take(path, FS.readFile(`/work/${path}`));
  return undefined;
}

function fileSize(FS: PythonFiles, path: string): number | undefined {
  try {
    const { mode, size } = FS.stat(path);
    return FS.isFile(mode) ? size : undefined;
  } catch {
    // Not written; the step tells which one is missing.
    return undefined;
  }
}

/** The open descriptors as they are; the function returned brings back just these. */
function keepStreams(FS: PythonFiles): () => void {
  const kept = FS.streams.map((stream) => stream && { stream, shared: { ...stream.shared } });
  return () => {
    FS.streams.length = kept.length;
    for (const [fd, entry] of kept.entries()) {
      FS.streams[fd] = entry?.stream;
      if (!entry) continue;
      // A closed stream is marked by having no descriptor.
      entry.stream.fd = fd;
      Object.assign(entry.stream.shared, entry.shared);
    }
  };
}
