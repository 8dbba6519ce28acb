import { posix } from 'node:path';
import { isArtifactReference, type ArtifactReference } from '../artifact-reference.ts';
import { HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { filePath } from '../read-config.ts';
import { MAX_INPUT_FILES_BYTES, type Call, type CallArguments, type Language } from './call.ts';
import { languageOf, type CodeConfig } from './config.ts';

/** A worker ends itself this long after the deadline, should its parent be gone. */
const ORPHAN_GRACE_MS = 2_000;

/** The call that a config describes, with the contents of its files. */
export async function prepareCall(
  context: StepContext,
  config: CodeConfig,
): Promise<{ readonly language: Language; readonly call: Call }> {
  const filename = config.file === undefined ? '<code>' : inFolder(filePath(config.file));
  const bytes = config.file === undefined ? undefined : await context.readFile(filename);
  const source = bytes === undefined ? (config.code ?? '') : new TextDecoder().decode(bytes);
  const language = languageOf(config, filename);
  const files = await readFiles(context, config, language);
  return {
    language,
    call: {
      filename,
      source,
      function: config.function,
      arguments: argumentsOf(config),
      files,
      outputs: config.outputs,
      memoryMb: config.memoryMb,
      deadline: Date.now() + context.timeoutMs + ORPHAN_GRACE_MS,
    },
  };
}

/** Contents as base64 by the path that the code sees. */
async function readFiles(
  context: StepContext,
  config: CodeConfig,
  language: Language,
): Promise<{ readonly [path: string]: string }> {
  const files = new Map<string, string>();
  let left = MAX_INPUT_FILES_BYTES;
  const add = (path: string, bytes: Uint8Array): void => {
    left -= bytes.byteLength;
    if (left < 0) throw tooLarge();
    files.set(path, Buffer.from(bytes).toString('base64'));
  };
  for (const file of config.files) {
    if (isArtifactReference(file)) continue;
    const path = inFolder(filePath(file));
    add(path, await context.readFile(path));
  }
  for (const file of config.files.filter(isArtifactReference)) {
    const name = mountedName(file, language);
    const taken = [...files.keys(), ...config.outputs];
    const other = taken.find((path) => path === name || path.startsWith(`${name}/`));
    if (other !== undefined) throw clash(name, other);
    add(name, await context.loadBlob(file.artifact));
  }
  return Object.fromEntries(files);
}

function tooLarge(): HardError {
  const message = `the files of this step have more than ${MAX_INPUT_FILES_BYTES} bytes together`;
  return new HardError('limit', message);
}

/** What Python would import in place of a module of the same name. */
const IMPORTABLE = new Set(['.py', '.pyc', '.pyd', '.pyw', '.so', '.zip']);

/** The name of an artifact without any folder. Who uploads a file chooses its name: it is data. */
function mountedName({ name }: ArtifactReference, language: Language): string {
  const base = posix.basename(name.replaceAll('\\', '/'));
  const isModule = language === 'python' && IMPORTABLE.has(posix.extname(base).toLowerCase());
  if (isModule || ['', '.', '..'].includes(base) || RESERVED.has(base) || /\p{Cc}/u.test(base)) {
    const found = JSON.stringify(name.slice(0, 100));
    const reason = isModule ? ': Python could import it as a module' : '';
    throw new HardError('invalid_input', `files: an artifact cannot be named ${found}${reason}`);
  }
  return base;
}

/** Where a plain process finds its call and leaves its result. */
const RESERVED: ReadonlySet<string> = new Set(['.call.json', '.result.json', '.step.mjs']);

function clash(name: string, other: string): HardError {
  const message = `files: an artifact named '${name}' stands in the way of '${other}'; rename one`;
  return new HardError('invalid_input', message);
}

function inFolder(path: string): string {
  const normal = posix.normalize(path);
  if (!normal.startsWith('../') && !posix.isAbsolute(normal)) return normal;
  throw new HardError('invalid_input', `'${path}' is not inside the workflow's folder`);
}

function argumentsOf(config: CodeConfig): CallArguments {
  if (config.input_mapping !== undefined) return { kind: 'named', values: config.input_mapping };
  if (config.input !== undefined) return { kind: 'single', value: config.input };
  return { kind: 'none' };
}
