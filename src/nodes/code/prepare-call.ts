import { posix } from 'node:path';
import { HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { filePath } from '../read-config.ts';
import type { Call, CallArguments, Language } from './call.ts';
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
  const files: { [path: string]: string } = {};
  for (const file of config.files) {
    const path = inFolder(filePath(file));
    files[path] = Buffer.from(await context.readFile(path)).toString('base64');
  }
  return {
    language: languageOf(config, filename),
    call: {
      filename,
      source,
      function: config.function,
      arguments: argumentsOf(config),
      files,
      memoryMb: config.memoryMb,
      deadline: Date.now() + context.timeoutMs + ORPHAN_GRACE_MS,
    },
  };
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
