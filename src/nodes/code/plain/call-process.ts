import { spawn } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { HardError } from '../../errors.ts';
import {
  MAX_LOG_CHARACTERS,
  MAX_LOG_LINE_CHARACTERS,
  MAX_RESULT_CHARACTERS,
  type Call,
  type CallResult,
  type Language,
} from '../call.ts';
import { excessOf } from '../worker/output-limits.ts';
import type { Report, WorkerEnd } from '../worker-process.ts';

const PROGRAMS: { readonly [language in Language]: readonly [string, string] } = {
  python: ['python3', 'run.py'],
  javascript: ['node', 'run.mjs'],
};

/** The runner's environment holds credentials: only what programs cannot do without goes along. */
const WITH_LITTLE_ENVIRONMENT = 'exec env -i PATH="$PATH" HOME="$HOME" LANG="$LANG" "$0" "$@"';
/** What `env` ends with when there is no such program. */
const NOT_FOUND = 127;

export interface ProcessCall {
  readonly language: Language;
  readonly call: Call;
  readonly report: Report;
  readonly signal: AbortSignal;
}

/**
 * Makes a call in a plain process with all the powers of the runner's account, in a folder of its
 * own that holds the step's files. Prints become log lines; the result is left in a file there.
 */
export async function callProcess(request: ProcessCall): Promise<WorkerEnd> {
  const folder = await mkdtemp(join(tmpdir(), 'behest-code-'));
  try {
    await writeFiles(folder, request.call);
    const reason = await run(folder, request);
    const text = await readFile(join(folder, '.result.json'), 'utf8').catch(() => undefined);
    if (text === undefined) return { kind: 'died', reason };
    // The result is text in the text: each of its characters may take two here.
    if (text.length > 2 * MAX_RESULT_CHARACTERS + SURROUNDINGS) return tooLong;
    const result = JSON.parse(text) as CallResult;
    if (result.kind === 'returned' && result.output.length > MAX_RESULT_CHARACTERS) return tooLong;
    if (result.kind !== 'returned') return { kind: 'result', result, files: new Map() };
    return await withOutputs(folder, request.call.outputs, result);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What stands around the result in the file that it is left in. */
const SURROUNDINGS = 1000;
const tooLong: WorkerEnd = {
  kind: 'result',
  result: {
    kind: 'limit',
    message:
      `the result is longer than ${MAX_RESULT_CHARACTERS} characters of JSON; write it to a file ` +
      'that `outputs` names',
  },
  files: new Map(),
};

/** Adds what the call wrote of its outputs. */
async function withOutputs(
  folder: string,
  outputs: readonly string[],
  result: CallResult,
): Promise<WorkerEnd> {
  const files = new Map<string, Uint8Array>();
  const written: { path: string; size: number }[] = [];
  for (const path of outputs) {
    const found = await stat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() === true) written.push({ path, size: found.size });
  }
  const excess = excessOf(written);
  if (excess !== undefined) return { kind: 'result', result: excess, files };
  for (const { path } of written) files.set(path, await readFile(join(folder, path)));
  return { kind: 'result', result, files };
}

async function writeFiles(folder: string, call: Call): Promise<void> {
  for (const [path, content] of Object.entries(call.files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), Buffer.from(content, 'base64'));
  }
  for (const path of call.outputs) await mkdir(dirname(join(folder, path)), { recursive: true });
  const { files: _, ...rest } = call;
  await writeFile(join(folder, '.call.json'), JSON.stringify(rest));
}

/** Runs the program to its end and returns how it ended. */
function run(folder: string, { language, report, signal }: ProcessCall): Promise<string> {
  const [program, script] = PROGRAMS[language];
  const path = fileURLToPath(new URL(`./${script}`, import.meta.url));
  const child = spawn('sh', ['-c', WITH_LITTLE_ENVIRONMENT, program, path], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'pipe'],
    // A group of its own, so that what it starts ends with it.
    detached: true,
    windowsHide: true,
  });
  const kill = (): void => killGroup(child.pid);
  signal.addEventListener('abort', kill, { once: true });
  const levels = [
    [child.stdout, 'info'],
    [child.stderr, 'warn'],
  ] as const;
  const log = boundedLog(report);
  for (const [stream, level] of levels) {
    createInterface({ input: stream }).on('line', (line) => log(level, line));
  }
  return new Promise<string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, end) => {
      if (code !== NOT_FOUND) return resolve(end ?? `exit code ${String(code)}`);
      const message = `${program} could not be started; install it on the runner`;
      return reject(new HardError('not_configured', message));
    });
    if (signal.aborted) kill();
  }).finally(() => {
    signal.removeEventListener('abort', kill);
    kill();
  });
}

/** As much as a worker may log. */
function boundedLog(report: Report): (level: 'info' | 'warn', line: string) => void {
  let left = MAX_LOG_CHARACTERS;
  return (level, line) => {
    if (left < 0) return;
    const message = line.slice(0, MAX_LOG_LINE_CHARACTERS);
    left -= message.length + 1;
    if (left >= 0) report({ kind: 'log', level, message });
    else report({ kind: 'log', level: 'warn', message: 'further output was dropped' });
  };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The group is gone already, which is what was wanted.
  }
}
