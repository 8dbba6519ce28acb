import type { FileProblem } from '../record/source.ts';
import { MAX_PROBLEMS } from './parse.ts';
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
    problems: atMost(problems.toSorted(inOrder), badFiles),
    badFiles,
  };
}

/** The first so many problems of each file, and that there are more. */
function atMost(
  sorted: readonly FileProblem[],
  badFiles: ReadonlySet<string>,
): readonly FileProblem[] {
  let file: string | null = null;
  let count = 0;
  return sorted.flatMap((problem) => {
    count = problem.file === file ? count + 1 : 1;
    file = problem.file;
    if (count <= MAX_PROBLEMS) return [problem];
    return count === MAX_PROBLEMS + 1 ? [andMore(problem, badFiles.has(problem.file))] : [];
  });
}

function andMore(problem: FileProblem, isBad: boolean): FileProblem {
  return {
    ...problem,
    code: 'more-problems',
    severity: isBad ? 'error' : 'warning',
    message: `This file has more problems than the ${MAX_PROBLEMS} before this one; they are not shown.`,
    hint: 'Correct those first.',
  };
}

function inOrder(a: FileProblem, b: FileProblem): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return a.line - b.line || a.column - b.column;
}
