import type { FileProblem } from '../record/source.ts';
import type { Resource } from './resource.ts';

export interface ReadResult {
  /** Only of files without errors. */
  readonly resources: readonly Resource[];
  /** In order of file, line and column. */
  readonly problems: readonly FileProblem[];
  /** Files with an error: nothing of them is among the resources. */
  readonly badFiles: ReadonlySet<string>;
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
