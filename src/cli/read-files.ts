import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';

import { isStepList } from '../manifest/foreign-file.ts';
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
 * Reads what `-f FILE|DIR|-` declares, as a server would read it from a source. A file stands for
 * itself: what lies beside it is read only where it refers to it.
 */
export async function readFiles(path: string, where: WhereToRead): Promise<LocalManifests> {
  if (path === '-') {
    const bytes = Buffer.from(await where.terminal.readStdin());
    return read(new Map([['stdin.yaml', bytes]]), { ...where, folder: '' });
  }
  const found = await look(path);
  const { name, folder } = found.isDirectory()
    ? { name: '', folder: path }
    : { name: basename(path), folder: dirname(path) };
  // The code of a step list is found by its name, so all of its folder has to be there.
  const isWhole = name === '' || name === 'config.json';
  const files = isWhole ? await readFolder(folder) : await LazyFolder.of(folder, name);
  const isOneWorkflow = isWhole && isWorkflowFolder(files);
  const result = read(files, { ...where, folder: isOneWorkflow ? basename(resolve(folder)) : '' });
  return name === '' ? result : only(result, name);
}

async function look(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new CommandFailure('usage', `cannot read ${path}: ${message}`);
  }
}

async function readFolder(folder: string): Promise<ReadonlyMap<string, Uint8Array>> {
  const source = openSource(folder, { dataDirectory: '' });
  const { signal } = new AbortController();
  try {
    return await source.read(await source.resolve(signal), signal);
  } catch (error) {
    throw new CommandFailure('failed', error instanceof Error ? error.message : String(error));
  }
}

/** One file, and those beside it that somebody asks for. */
class LazyFolder extends Map<string, Uint8Array> {
  readonly #folder: string;

  private constructor(folder: string) {
    super();
    this.#folder = folder;
  }

  static async of(folder: string, name: string): Promise<LazyFolder> {
    return new LazyFolder(folder).set(name, await readFile(join(folder, name)));
  }

  override get(path: string): Uint8Array | undefined {
    const known = super.get(path);
    if (known !== undefined || path.split('/').includes('..')) return known;
    const bytes = readIfThere(join(this.#folder, path));
    if (bytes !== undefined) this.set(path, bytes);
    return bytes;
  }
}

function readIfThere(path: string): Uint8Array | undefined {
  try {
    return readFileSync(path);
  } catch {
    // Whoever refers to it is told that it is not there.
    return undefined;
  }
}

/** As below the root of a source: all else in such a folder is the workflow's material. */
function isWorkflowFolder(files: ReadonlyMap<string, Uint8Array>): boolean {
  const names = ['workflow.yaml', 'workflow.yml', 'workflow.json'];
  return names.some((name) => files.has(name)) || isStepList(files.get('config.json'));
}

function read(
  files: ReadonlyMap<string, Uint8Array>,
  { namespace, folder }: { readonly namespace: string; readonly folder: string },
): LocalManifests {
  const digest = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
  const options = { nodeTypes, digest, defaultNamespace: namespace };
  if (folder === '') return { ...readManifests(files, options), files };
  const placed = new Map([...files].map(([path, bytes]) => [`${folder}/${path}`, bytes]));
  const found = readManifests(placed, options);
  const inside = (path: string) => path.slice(folder.length + 1);
  return {
    files,
    resources: found.resources.map((each) => ({ ...each, file: inside(each.file), folder: '' })),
    problems: found.problems.map((each) => ({ ...each, file: inside(each.file) })),
    badFiles: new Set([...found.badFiles].map(inside)),
  };
}

function only(all: LocalManifests, file: string): LocalManifests {
  const resources = all.resources.filter((each) => each.file === file);
  const problems = all.problems.filter((each) => each.file === file);
  if (resources.length === 0 && problems.length === 0) {
    throw new CommandFailure('invalid', `${file} declares nothing: it is no manifest.`);
  }
  return { ...all, resources, problems, badFiles: new Set(problems.map((each) => each.file)) };
}
