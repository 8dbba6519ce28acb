import type { FileProblem } from '../record/source.ts';
import { crossCheck, type PlaceOf } from './cross-check.ts';
import { findManifests, folderOf, type FileSet, type ManifestFile } from './file-set.ts';
import { isForeign, isStepList } from './foreign-file.ts';
import { parseFile } from './parse.ts';
import { readDocuments, type ReadFile } from './read-documents.ts';
import { readParts, type ReadOptions, type ReadParts } from './read-parts.ts';
import type { Resource } from './resource.ts';
import { SourceText } from './source-text.ts';
import { withoutBadFiles, type ReadResult } from './without-bad-files.ts';

type Files = ReadonlyMap<string, Uint8Array>;

/** What a file declared when it was read last, and all that the answer depends on. */
interface KnownFile {
  readonly manifest: ManifestFile;
  readonly bytes: Uint8Array | undefined;
  /** Every other file that was looked up; undefined is one that was not there. */
  readonly needs: ReadonlyMap<string, Uint8Array | undefined>;
  /** The answer depends on the names of all files around, so it holds for one reading only. */
  readonly isPassing: boolean;
  readonly resources: readonly Resource[];
  readonly problems: readonly FileProblem[];
}

const needsNothing: KnownFile['needs'] = new Map();

/**
 * Reads the manifests of one source again and again. A file is parsed only if its content, or that
 * of a file it refers to, is another array than last time: sources hand out the same array for what
 * did not change. Trees of text are not kept, only what they declare.
 */
export class ManifestReader {
  readonly #parts: ReadParts;
  #known: ReadonlyMap<string, KnownFile> = new Map();
  #files: Files = new Map();
  #set: FileSet = findManifests([], () => false);

  constructor(options: ReadOptions) {
    this.#parts = readParts(options);
  }

  /**
   * Everything that the files declare, whatever dialect it is written in. Yields after each file
   * that had to be parsed, so that a server can do something else in between. Never throws on what
   * a person wrote: every mistake of every file is among the problems.
   */
  *read(files: Files): Generator<void, ReadResult, void> {
    const set = haveSameNames(this.#files, files) ? this.#set : findSet(files);
    const namesIn = filesByFolder(files);
    const known = new Map<string, KnownFile>();
    for (const manifest of set.manifests) {
      const before = this.#known.get(manifest.path);
      if (before !== undefined && isCurrent(before, manifest, files)) {
        known.set(manifest.path, before);
        continue;
      }
      known.set(manifest.path, this.#readFile({ manifest, files, namesIn }));
      yield;
    }
    this.#known = known;
    this.#files = files;
    this.#set = set;
    return this.#concluded(set, files, namesIn);
  }

  #concluded(set: FileSet, files: Files, namesIn: NamesIn): ReadResult {
    const resources: Resource[] = [];
    const problems = set.ambiguous.map(({ path, other }) => twoWorkflows(path, other));
    for (const file of this.#known.values()) {
      for (const each of file.resources) resources.push(each);
      for (const each of file.problems) problems.push(each);
    }
    const found = crossCheck(resources, this.#places(files, namesIn));
    return withoutBadFiles(resources, [...problems, ...found]);
  }

  #readFile(input: FileInput): KnownFile {
    const { manifest, files } = input;
    const bytes = files.get(manifest.path);
    const foreign = { manifest, bytes, needs: needsNothing, isPassing: false };
    if (isForeign(manifest, bytes ?? new Uint8Array())) {
      return { ...foreign, resources: [], problems: [] };
    }
    const looked = new Map<string, Uint8Array | undefined>();
    let isPassing = false;
    const { resources, problems } = this.#parse(input, {
      onGet: (path, found) => looked.set(path, found),
      onNames: () => (isPassing = true),
    });
    const needs = looked.size === 0 ? needsNothing : looked;
    const declared = resources.map(({ resource }) => resource);
    return { manifest, bytes, needs, isPassing, resources: declared, problems };
  }

  #parse({ manifest, files, namesIn }: FileInput, watch: Watch): ReadFile {
    const bytes = files.get(manifest.path) ?? new Uint8Array();
    const get = (path: string): Uint8Array | undefined => {
      const found = files.get(path);
      watch.onGet(path, found);
      return found;
    };
    const names = (): readonly string[] => {
      watch.onNames();
      return namesIn(manifest.folder);
    };
    return readDocuments(parseFile(manifest.path, bytes), {
      ...this.#parts,
      file: manifest.path,
      folder: { path: manifest.folder, files: { get }, names },
    });
  }

  /** A mistake that only shows beside other files is rare: the place is found by parsing again. */
  #places(files: Files, namesIn: NamesIn): PlaceOf {
    const parsed = new Map<string, ReadFile>();
    return (resource, problem) => {
      const known = this.#known.get(resource.file);
      if (known === undefined) throw new Error(`${resource.file} was not read`);
      const { manifest } = known;
      const read =
        parsed.get(manifest.path) ?? this.#parse({ manifest, files, namesIn }, unwatched);
      parsed.set(manifest.path, read);
      const placed = read.resources[known.resources.indexOf(resource)];
      if (placed === undefined) throw new Error(`${manifest.path} reads differently now`);
      return placed.problemAt(problem);
    };
  }
}

type NamesIn = (folder: string) => readonly string[];

interface FileInput {
  readonly manifest: ManifestFile;
  readonly files: Files;
  readonly namesIn: NamesIn;
}

interface Watch {
  onGet(path: string, found: Uint8Array | undefined): void;
  onNames(): void;
}

const unwatched: Watch = { onGet: () => undefined, onNames: () => undefined };

function isCurrent(known: KnownFile, manifest: ManifestFile, files: Files): boolean {
  if (known.isPassing) return false;
  const { folder, ownsFolder } = known.manifest;
  if (folder !== manifest.folder || ownsFolder !== manifest.ownsFolder) return false;
  if (files.get(manifest.path) !== known.bytes) return false;
  for (const [path, bytes] of known.needs) if (files.get(path) !== bytes) return false;
  return true;
}

function findSet(files: Files): FileSet {
  return findManifests(files.keys(), (path) => isStepList(files.get(path)));
}

/** Whether the same files are manifests in both: it takes their names and every `config.json`. */
function haveSameNames(a: Files, b: Files): boolean {
  if (a.size !== b.size) return false;
  const others = b.entries();
  for (const [path, bytes] of a) {
    const { value: other } = others.next();
    if (other?.[0] !== path) return false;
    if (other[1] !== bytes && path.endsWith('config.json')) return false;
  }
  return true;
}

function filesByFolder(files: Files): NamesIn {
  let byFolder: Map<string, string[]> | undefined;
  return (folder) => {
    byFolder ??= groupByFolder(files.keys());
    return byFolder.get(folder) ?? [];
  };
}

/** Paths relative to each folder that they are in, at any depth. */
function groupByFolder(paths: Iterable<string>): Map<string, string[]> {
  const groups = new Map<string, string[]>();
  for (const path of paths) {
    for (let folder = folderOf(path); ; folder = folderOf(folder)) {
      const list = groups.get(folder) ?? [];
      groups.set(folder, list);
      list.push(folder === '' ? path : path.slice(folder.length + 1));
      if (folder === '') break;
    }
  }
  return groups;
}

function twoWorkflows(path: string, other: string): FileProblem {
  return new SourceText(path, '').problemAt(
    { start: 0, end: 0 },
    {
      code: 'ambiguous-folder',
      message: `This folder has two workflow files: "${other}" and this one.`,
      hint: 'Keep one; several workflows go into folders of their own, or into files with other names.',
    },
  );
}
