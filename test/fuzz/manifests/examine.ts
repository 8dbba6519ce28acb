import { stringify } from 'yaml';
import type { Json } from '../../../src/expr/json.ts';
import { canonicalText } from '../../../src/graph/canonical.ts';
import { compile } from '../../../src/graph/compile.ts';
import type { Graph } from '../../../src/graph/graph.ts';
import { completeInput } from '../../../src/manifest/complete-input.ts';
import { diff } from '../../../src/manifest/diff.ts';
import { diffGraphs } from '../../../src/manifest/diff-graphs.ts';
import { ManifestReader } from '../../../src/manifest/manifest-reader.ts';
import type { ReadResult, Resource, WorkflowResource } from '../../../src/manifest/read.ts';
import { sha256 } from '../../../src/manifest/testing/check-text.ts';
import { nodeTypes } from '../../../src/nodes/registry.ts';
import type { FileProblem } from '../../../src/record/source.ts';
import { World } from '../../engine/world.ts';

type Files = ReadonlyMap<string, Uint8Array>;

/**
 * Processor time of this thread that one reading may take, by the thread's own clock. The aim is 1 s at the usual
 * speed of a machine; the same one was seen at less than half of it.
 */
const MAX_READ_MS = 2500;

/** What never belongs into a message for people. */
const LEAK =
  /undefined|\[object |\bNaN\b|\n\s+at |at file:|node_modules|\.ts:\d|RangeError|TypeError|Maximum call stack|Error:/;

/** Of message and hint: a manifest may have words of a megabyte. */
const MAX_WORDS = 2100;

const options = { nodeTypes, digest: sha256 };

/** What is wrong with how this source is read; null when nothing is. Throws what the reader throws. */
export function examine(files: Files): string | null {
  const reader = new ManifestReader(options);
  const before = process.threadCpuUsage();
  const result = drain(reader, files);
  const { user, system } = process.threadCpuUsage(before);
  const took = (user + system) / 1000;
  if (took > MAX_READ_MS) return `reading took ${Math.round(took)} ms`;
  return (
    problemFault(files, result) ??
    againFault(result, drain(reader, files)) ??
    first(result.resources, (each) => resourceFault(each, files))
  );
}

function drain(reader: ManifestReader, files: Files): ReadResult {
  const reading = reader.read(files);
  for (let next = reading.next(); ; next = reading.next())
    if (next.done === true) return next.value;
}

function first<T>(items: readonly T[], fault: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = fault(item);
    if (found !== null) return found;
  }
  return null;
}

function problemFault(files: Files, { problems, resources, badFiles }: ReadResult): string | null {
  const erroneous = new Set(
    problems.filter(({ severity }) => severity === 'error').map(({ file }) => file),
  );
  if ([...badFiles].some((file) => !erroneous.has(file))) return 'a bad file without an error';
  if ([...erroneous].some((file) => !badFiles.has(file))) return 'an error in a good file';
  if (resources.some(({ file }) => badFiles.has(file))) return 'a resource of a bad file';
  const linesOf = new Map<string, readonly string[]>();
  return first(problems, (problem) => {
    const bytes = files.get(problem.file);
    if (bytes === undefined) return `a problem of ${problem.file}, which is not there`;
    const lines = linesOf.get(problem.file) ?? textOf(bytes).split(/\r\n|\n|\r/);
    linesOf.set(problem.file, lines);
    return placeFault(problem, lines) ?? wordFault(problem, files);
  });
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

function placeFault(
  { line, column, code, message }: FileProblem,
  lines: readonly string[],
): string | null {
  const where = `${line}:${column} ${code} "${message}"`;
  if (!(line >= 1 && line <= lines.length)) return `no such line: ${where} of ${lines.length}`;
  const { length } = lines[line - 1] ?? '';
  return column >= 1 && column <= length + 1 ? null : `no such column: ${where} of ${length}`;
}

function wordFault({ code, message, hint, frame }: FileProblem, files: Files): string | null {
  if (!/^[a-z][a-z0-9-]*$/.test(code)) return `a code "${code}"`;
  if (message.trim() === '') return `${code} without a message`;
  const { length } = message + hint;
  if (length > MAX_WORDS) return `${code} says too much: ${length} characters`;
  if (!frame.includes('^')) return `${code} without a frame`;
  const leak = LEAK.exec(`${message}\n${hint}`)?.[0].trim().toLowerCase();
  // What the manifest says itself may be quoted, also when it says it over two lines.
  const isQuoted = (text: string): boolean =>
    leak !== undefined &&
    text
      .replaceAll(/\\\n\s*/g, '')
      .toLowerCase()
      .includes(leak);
  if (leak === undefined || [...files.values()].map(textOf).some(isQuoted)) return null;
  return `${code} shows "${leak}": ${message}`;
}

function againFault(before: ReadResult, after: ReadResult): string | null {
  return JSON.stringify(before.problems) === JSON.stringify(after.problems) &&
    before.resources.length === after.resources.length
    ? null
    : 'read again, it says something else';
}

function resourceFault(resource: Resource, files: Files): string | null {
  const again = printFault(resource, files);
  if (again !== null) return again;
  const changes = diff([resource], []);
  if (changes.created.length !== 1) return 'a new resource is not created';
  return resource.kind === 'Workflow' ? workflowFault(resource) : null;
}

/** A canonical manifest that is printed and read again declares the same. */
function printFault(resource: Resource, files: Files): string | null {
  const folder = resource.kind === 'Workflow' ? resource.folder : '';
  const inFolder = folder === '' ? '' : `${folder}/`;
  const path = `${inFolder}printed-again`;
  return first([`${path}.json`, `${path}.yaml`], (file) => {
    const print = file.endsWith('.json') ? JSON.stringify : stringify;
    const beside = [...files].filter(
      ([name]) => !/\.(ya?ml|json)$/i.test(name) || name.startsWith('data/'),
    );
    const text = new Uint8Array(Buffer.from(print(resource.manifest)));
    if (text.length > 1024 * 1024) return null;
    const { resources, problems } = drain(
      new ManifestReader(options),
      new Map([...beside, [file, text]]),
    );
    const told = problems.filter(
      ({ severity, code }) => severity === 'error' && code !== 'missing-file',
    );
    if (told[0] !== undefined)
      return `printed again it is refused: ${told[0].code} ${told[0].message}`;
    const same = resources[0];
    if (same === undefined) return null;
    return same.digest === resource.digest ? null : 'printed again it has another digest';
  });
}

function workflowFault({ graph, canonicalText: text }: WorkflowResource): string | null {
  const stored = JSON.parse(text) as Graph;
  if (canonicalText(stored) !== text) return 'the canonical text is not canonical';
  if (!diffGraphs(graph, stored).isSame) return 'the stored graph differs from the read one';
  diffGraphs(graph, simplest);
  diffGraphs(simplest, graph);
  return runFault(stored);
}

const simplest: Graph = {
  input: null,
  phases: [],
  steps: [],
  output: null,
  timeoutMs: null,
  resume: { everyMs: 1, maxAttempts: 1, when: [] },
  files: {},
  applyTrigger: null,
};

const MOVES = 12;

/** The first moves of a run of it, with the input that the schema makes of nothing. */
function runFault(graph: Graph): string | null {
  const program = compile(graph);
  const input: Json = graph.applyTrigger?.input ?? completeInput(graph.input, {}).input;
  const world = new World(program, input, { retryable: 20, hard: 10, seed: 1 });
  world.step([]);
  for (let move = 0; move < MOVES && world.move((count) => move % count); move += 1);
  const { finished } = world.state;
  if (finished?.status !== 'failed') return null;
  const code = (finished as { error?: { code?: string } }).error?.code;
  return code === 'internal' ? `its run fails: ${JSON.stringify(finished)}` : null;
}
