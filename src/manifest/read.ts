import type { FileProblem } from '../record/source.ts';
import { crossCheck } from './cross-check.ts';
import { findManifests, folderOf, isHidden, type ManifestFile } from './file-set.ts';
import { isJsonObject } from '../expr/json.ts';
import { decode } from './decode.ts';
import { stepList } from './dialects/step-list.ts';
import { parseFile } from './parse.ts';
import { readDocuments, type Placed } from './read-documents.ts';
import { readParts, type ReadOptions } from './read-parts.ts';
import type { Resource } from './resource.ts';
import { SourceText } from './source-text.ts';

export type { KnownNodeType, ReadOptions } from './read-parts.ts';
export type { Resource, RunResource, WorkflowResource } from './resource.ts';

export interface ReadResult {
  /** Only of files without errors. */
  readonly resources: readonly Resource[];
  /** In order of file, line and column. */
  readonly problems: readonly FileProblem[];
  /** Files with an error: nothing of them is among the resources. */
  readonly badFiles: ReadonlySet<string>;
}

/**
 * Everything that the files of a source declare, whatever dialect it is written in. Never throws
 * on what a person wrote: every mistake of every file is among the problems.
 */
export function readManifests(
  files: ReadonlyMap<string, Uint8Array>,
  options: ReadOptions,
): ReadResult {
  const parts = readParts(options);
  const set = findManifests(files.keys(), (path) => isStepList(files.get(path)));
  const byFolder = filesByFolder(files);
  const resources: Placed[] = [];
  const problems: FileProblem[] = set.ambiguous.map(({ path, other }) => twoWorkflows(path, other));
  for (const file of set.manifests) {
    const bytes = files.get(file.path) ?? new Uint8Array();
    if (isForeign(file, bytes)) continue;
    const read = readDocuments(parseFile(file.path, bytes), {
      ...parts,
      file: file.path,
      folder: { path: file.folder, files, names: () => byFolder(file.folder) },
    });
    resources.push(...read.resources);
    problems.push(...read.problems);
  }
  return withoutBadFiles(...crossCheck(resources, problems));
}

/** A file in a hidden folder counts only when it says that it is ours. */
function isForeign({ path, ownsFolder }: ManifestFile, bytes: Uint8Array): boolean {
  if (!isHidden(path)) return false;
  if (ownsFolder) return false;
  const decoded = decode(bytes);
  return !decoded.ok || !/^\s*["']?apiVersion["']?\s*:\s*["']?behest\.dev/m.test(decoded.text);
}

function isStepList(bytes: Uint8Array | undefined): boolean {
  const decoded = decode(bytes ?? new Uint8Array());
  if (!decoded.ok) return false;
  try {
    const value: unknown = JSON.parse(decoded.text);
    return (
      typeof value === 'object' &&
      value !== null &&
      isJsonObject(value as never) &&
      stepList.matches(value as never)
    );
  } catch {
    // A broken config.json that looks like a step list is told as one.
    return /"steps"\s*:\s*\[/.test(decoded.text) && /"(id|name)"\s*:/.test(decoded.text);
  }
}

function filesByFolder(
  files: ReadonlyMap<string, Uint8Array>,
): (folder: string) => readonly string[] {
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

/** The result of a reading: nothing of a file with an error is among the resources. */
export function withoutBadFiles(
  resources: readonly Resource[],
  problems: readonly FileProblem[],
): ReadResult {
  const badFiles = new Set(
    problems.filter(({ severity }) => severity === 'error').map(({ file }) => file),
  );
  return {
    resources: resources.filter(({ file }) => !badFiles.has(file)),
    problems: problems.toSorted(inOrder),
    badFiles,
  };
}

function inOrder(a: FileProblem, b: FileProblem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
