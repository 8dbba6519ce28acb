import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { type ReadResult, readManifests } from '../manifest/read.ts';
import { nodeTypes } from '../nodes/registry.ts';
import { openSource } from '../source/open-source.ts';
import { CommandFailure } from './exit-code.ts';
import type { Terminal } from './terminal.ts';

export interface LocalManifests extends ReadResult {
  /** The bytes of every file, by the path that problems and resources name. */
  readonly files: ReadonlyMap<string, Uint8Array>;
}

export interface WhereToRead {
  readonly terminal: Terminal;
  /** Of documents that name none. */
  readonly namespace: string;
}

/**
 * Reads what `-f FILE|DIR|-` declares, as a server would read it from a source. A file is read
 * together with its folder, for the files that it refers to, but only its own objects count.
 */
export async function readFiles(path: string, where: WhereToRead): Promise<LocalManifests> {
  if (path === '-') {
    const bytes = Buffer.from(await where.terminal.readStdin());
    return read(new Map([['stdin.yaml', bytes]]), where.namespace);
  }
  const isDirectory = (await look(path)).isDirectory();
  const source = openSource(isDirectory ? path : dirname(path), { dataDirectory: '' });
  const { signal } = new AbortController();
  const files = await source.read(await source.resolve(signal), signal).catch((error: unknown) => {
    throw new CommandFailure('failed', error instanceof Error ? error.message : String(error));
  });
  if (isDirectory) return read(files, where.namespace);
  return only(read(files, where.namespace), basename(path));
}

async function look(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandFailure('usage', `cannot read ${path}: ${message}`);
  }
}

function read(files: ReadonlyMap<string, Uint8Array>, namespace: string): LocalManifests {
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const options = { nodeTypes, digest, defaultNamespace: namespace };
  return { ...readManifests(files, options), files };
}

function only(all: LocalManifests, file: string): LocalManifests {
  const resources = all.resources.filter((each) => each.file === file);
  const problems = all.problems.filter((each) => each.file === file);
  if (resources.length === 0 && problems.length === 0) {
    throw new CommandFailure('invalid', `${file} declares nothing: it is no manifest.`);
  }
  return { ...all, resources, problems, badFiles: new Set(problems.map((each) => each.file)) };
}
