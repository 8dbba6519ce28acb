import { posix } from 'node:path';
import { isJsonObject } from '../expr/json.ts';
import type { Path, Problem } from '../graph/problem.ts';
import type { FileProblem } from '../record/source.ts';
import { decode } from './decode.ts';
import type { DialectContext } from './dialects/dialect.ts';
import { interpret, type CanonicalManifest } from './interpret.ts';
import { fileIn, type FileContext } from './file-context.ts';
import { MAX_PROBLEMS, type ManifestDocument, type ParsedFile } from './parse.ts';
import type { Resource } from './resource.ts';
import { buildRun } from './build-run.ts';
import { buildWorkflow } from './build-workflow.ts';

/** A resource, and how to find its parts in the text for checks that come later. */
export interface Placed {
  readonly resource: Resource;
  readonly problemAt: (problem: Problem) => FileProblem;
}

export interface ReadFile {
  readonly resources: readonly Placed[];
  readonly problems: readonly FileProblem[];
}

/** What the documents of one file declare. */
export function readDocuments(parsed: ParsedFile, context: FileContext): ReadFile {
  const resources: Placed[] = [];
  const problems: FileProblem[] = [...parsed.problems];
  for (const document of parsed.documents) {
    // The file is refused and its list is full: what else is wrong is told the next time.
    if (problems.filter(isError).length > 2 * MAX_PROBLEMS) break;
    const interpreted = interpret(document, dialectContext(context));
    const asWritten = (path: Path): Path => path;
    const told = shown(interpreted.problems).map((each) => placed(document, each, asWritten));
    problems.push(...told);
    for (const canonical of interpreted.manifests) {
      const read = readManifest(canonical, document, context);
      problems.push(...read.problems.filter((each) => !told.some((other) => isEcho(each, other))));
      resources.push(...read.resources);
    }
  }
  return { resources, problems: distinct(problems) };
}

function readManifest(
  written: CanonicalManifest,
  document: ManifestDocument,
  context: FileContext,
): ReadFile {
  const canonical = context.name === undefined ? written : renamed(written, context.name);
  const at = document.source.placeOf(document.locate(canonical.trace(['metadata', 'name'])).start);
  const place = { file: context.file, line: at.line, column: at.column };
  const built =
    canonical.kind === 'Run'
      ? buildRun(canonical.manifest, { ...context, place })
      : buildWorkflow(canonical.manifest, { ...context, place });
  const problemAt = (problem: Problem): FileProblem => placed(document, problem, canonical.trace);
  const problems = shown(built.problems).map(problemAt);
  return {
    resources: built.resource === null ? [] : [{ resource: built.resource, problemAt }],
    problems,
  };
}

/** A Run keeps its name: it is the workflow's that the caller gives. */
function renamed(canonical: CanonicalManifest, name: string): CanonicalManifest {
  if (canonical.kind === 'Run') return canonical;
  const { metadata } = canonical.manifest;
  const fields = isJsonObject(metadata) ? metadata : {};
  return { ...canonical, manifest: { ...canonical.manifest, metadata: { ...fields, name } } };
}

function dialectContext({ file, folder }: FileContext): DialectContext {
  const base = posix.basename(file, posix.extname(file));
  const isFolderFile = base === 'workflow' || base === 'config';
  const fallbackName = isFolderFile && folder.path !== '' ? posix.basename(folder.path) : base;
  return {
    fallbackName,
    readFile: (path) => {
      const bytes = fileIn(folder, path);
      const decoded = bytes === undefined ? undefined : decode(bytes);
      return decoded === undefined ? null : decoded.ok ? decoded.text : '';
    },
  };
}

function placed(
  document: ManifestDocument,
  problem: Problem,
  trace: (path: Path) => Path,
): FileProblem {
  const path = trace(problem.path);
  const span =
    problem.span === undefined
      ? document.locate(path, problem.atKey)
      : document.locateInside(path, problem.span);
  return document.source.problemAt(span, problem);
}

/**
 * Those that are given a place: finding it takes a walk through the text for each. Twice as many as
 * are told, as some tell the same; errors before warnings, so that none of them is lost.
 */
function shown(problems: readonly Problem[]): readonly Problem[] {
  if (problems.length <= 2 * MAX_PROBLEMS) return problems;
  return [...problems.filter(isError), ...problems.filter((each) => !isError(each))].slice(
    0,
    2 * MAX_PROBLEMS,
  );
}

function isError({ severity }: Pick<Problem, 'severity'>): boolean {
  return severity === 'error';
}

/** The graph sees again what the dialect has told in its own words. */
function isEcho(a: FileProblem, b: FileProblem): boolean {
  return a.code === b.code && a.line === b.line && a.column === b.column;
}

/** Two checks may see the same mistake; at one place the first to tell it is enough. */
function distinct(problems: readonly FileProblem[]): readonly FileProblem[] {
  const seen = new Set<string>();
  return problems.filter(({ line, column, code, message }) => {
    const key = `${line}:${column} ${code} ${message}`;
    return !seen.has(key) && seen.add(key);
  });
}
