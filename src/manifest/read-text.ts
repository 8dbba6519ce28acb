import { crossCheck } from './cross-check.ts';
import { parseText } from './parse.ts';
import { readDocuments } from './read-documents.ts';
import { readParts, type ReadOptions } from './read-parts.ts';
import { withoutBadFiles, type ReadResult } from './without-bad-files.ts';

export interface TextOptions extends ReadOptions {
  /** What problems call the text; `body` when nothing is said. */
  readonly file?: string;
  /** In place of the name that a workflow gives itself. */
  readonly name?: string;
  /** What it may refer to, by paths relative to it. */
  readonly files?: ReadonlyMap<string, Uint8Array>;
}

const none: ReadonlyMap<string, Uint8Array> = new Map();

/** What one text declares, with no files beside it but those given. As readManifests otherwise. */
export function readText(text: string, options: TextOptions): ReadResult {
  const { file = 'body', name, files = none } = options;
  const read = readDocuments(parseText(file, text), {
    ...readParts(options),
    file,
    folder: { path: '', files, names: () => [...files.keys()] },
    ...(name === undefined ? {} : { name }),
  });
  const resources = read.resources.map(({ resource }) => resource);
  const found = crossCheck(resources, (resource, problem) => {
    const placed = read.resources.find((each) => each.resource === resource);
    if (placed === undefined) throw new Error(`${file} does not declare ${resource.name}`);
    return placed.problemAt(problem);
  });
  return withoutBadFiles(resources, [...read.problems, ...found]);
}

/** What a JSON value declares; problems show it as it is printed with two spaces. */
export function readDocument(value: unknown, options: TextOptions): ReadResult {
  return readText(JSON.stringify(value, null, 2) ?? 'null', options);
}
