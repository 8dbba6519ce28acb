import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Call, CallResult, Language, WorkerMessage } from './call.ts';
import { confinement } from './confinement.ts';
import { parseMessage } from './parse-message.ts';

/**
 * A message of the worker longer than this is an attack or a defect: it is killed. The longest that
 * is neither carries one file of MAX_OUTPUT_FILE_BYTES as base64.
 */
const MAX_MESSAGE_CHARACTERS = 96 * 1024 * 1024;
/** The heap of the host side. User data lives in WebAssembly memory, which has its own limit. */
const HEAP_MB = 512;
/** What the process needs besides the memory that the step may use. */
const OVERHEAD_BYTES = 400 * 1024 * 1024;
/** Of a call's files at their peak: as received, joined, parsed, decoded, and in place. */
const COPIES = 5;
const MEMORY_CHECK_MS = 200;
const PAGE_BYTES = 4096;

export type WorkerEnd =
  | {
      readonly kind: 'result';
      readonly result: CallResult;
      /** What it wrote of the call's outputs, by path. */
      readonly files: ReadonlyMap<string, Uint8Array>;
    }
  /** The process ended without an answer. */
  | { readonly kind: 'died'; readonly reason: string };

/** What a call reports while it runs. */
export type Report = (
  message: Exclude<WorkerMessage, { kind: 'file' | 'result' | 'ready' }>,
) => void;

/** One sandbox process: makes one call at a time, and can be killed at any moment. */
export class WorkerProcess {
  readonly language: Language;
  /** Whose calls it makes. A worker never serves two namespaces. */
  readonly namespace: string;
  /** Resolves true once it can take a call, false when it could not start. */
  readonly ready: Promise<boolean>;
  /** No further call should be given to it. */
  spent = false;
  readonly #child: ChildProcess;
  #buffered: string[] = [];
  #bufferedLength = 0;
  #errors = '';
  #killReason: string | undefined;
  #onMessage: (message: WorkerMessage) => void = () => {};
  #onEnd: (reason: string) => void = () => {};

  constructor(language: Language, namespace: string) {
    this.language = language;
    this.namespace = namespace;
    this.#child = spawnWorker(language);
    this.#child.stdout?.setEncoding('utf8').on('data', (chunk: string) => this.#receive(chunk));
    this.#child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      this.#errors = (this.#errors + chunk).slice(-16_384);
    });
    // Writing to a worker that has just died; its end is what is reported.
    this.#child.stdin?.on('error', () => {});
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('close', (code, signal) => this.#end(signal ?? `exit code ${String(code)}`));
    this.ready = new Promise((resolve) => {
      this.#onMessage = (message) => resolve(message.kind === 'ready');
      this.#onEnd = () => resolve(false);
    });
    // Whoever waits for the start keeps the program alive by it; an idle worker does not.
    void this.ready.then(() => this.#hold(false));
  }

  /** The last words on stderr, for the message about a worker that did not start. */
  get errors(): string {
    // Node prints the source line of an error; of a bundled library that is the whole library.
    const lines = this.#errors.split('\n').filter((line) => line.length < 500);
    return lines.join('\n').trim().slice(-2000);
  }

  /** Makes one call. Never rejects. */
  call(call: Call, report: Report): Promise<WorkerEnd> {
    this.#hold(true);
    const watch = this.#watchMemory(call);
    const files = new Map<string, Uint8Array>();
    return new Promise<WorkerEnd>((resolve) => {
      this.#onEnd = (reason) => resolve({ kind: 'died', reason });
      this.#onMessage = (message) => {
        if (message.kind === 'ready') return;
        if (message.kind === 'file') {
          const isWanted = call.outputs.includes(message.path);
          if (isWanted) files.set(message.path, Buffer.from(message.content, 'base64'));
          return;
        }
        if (message.kind !== 'result') return report(message);
        this.spent ||= message.recycle;
        resolve({ kind: 'result', result: message.result, files });
      };
      if (this.#killReason !== undefined) resolve({ kind: 'died', reason: this.#killReason });
      this.#child.stdin?.write(`${JSON.stringify(call)}\n`);
    }).finally(() => {
      clearInterval(watch);
      this.#onMessage = () => {};
      this.#onEnd = () => {};
      this.#hold(false);
    });
  }

  /** Ends the process at once, whatever it is doing. */
  kill(reason: string): void {
    this.#killReason ??= reason;
    this.spent = true;
    this.#child.kill('SIGKILL');
  }

  #end(reason: string): void {
    this.spent = true;
    this.#killReason ??= reason;
    this.#onEnd(this.#killReason);
  }

  #receive(chunk: string): void {
    this.#bufferedLength += chunk.length;
    if (this.#bufferedLength > MAX_MESSAGE_CHARACTERS) return this.kill('its answer is too long');
    const [head = '', ...rest] = chunk.split('\n');
    this.#buffered.push(head);
    for (const part of rest) {
      const line = this.#buffered.join('');
      this.#buffered = [part];
      this.#bufferedLength = part.length;
      this.#deliver(line);
    }
  }

  #deliver(line: string): void {
    const message = parseMessage(line);
    if (message === undefined) this.kill('its answer could not be understood');
    else this.#onMessage(message);
  }

  /** An idle worker does not keep the program alive. */
  #hold(isBusy: boolean): void {
    const streams = [this.#child.stdin, this.#child.stdout, this.#child.stderr];
    for (const handle of [this.#child, ...streams]) {
      if (handle === null) continue;
      const counted = handle as unknown as { ref?(): void; unref?(): void };
      if (isBusy) counted.ref?.();
      else counted.unref?.();
    }
  }

  /** The interpreters keep their own limit; this catches what grows beside it. Linux only. */
  #watchMemory({ memoryMb, files }: Call): NodeJS.Timeout | undefined {
    if (process.platform !== 'linux') return undefined;
    const carried = Object.values(files).reduce((sum, { length }) => sum + length, 0);
    const limitBytes = memoryMb * 1024 * 1024 + OVERHEAD_BYTES + COPIES * carried;
    return setInterval(() => {
      void readFile(`/proc/${String(this.#child.pid)}/statm`, 'utf8').then(
        (text) => {
          const residentBytes = Number(text.split(' ')[1]) * PAGE_BYTES;
          if (residentBytes > limitBytes) this.kill('it used more memory than memoryMb allows');
        },
        // The process is gone: its end is reported by itself.
        () => {},
      );
    }, MEMORY_CHECK_MS);
  }
}

const PACKAGES: { readonly [language in Language]: readonly string[] } = {
  python: ['pyodide'],
  javascript: [
    'quickjs-emscripten',
    'quickjs-emscripten-core',
    '@jitl/quickjs-ffi-types',
    '@jitl/quickjs-wasmfile-release-sync',
    '@jitl/quickjs-wasmfile-release-asyncify',
    '@jitl/quickjs-wasmfile-debug-sync',
    '@jitl/quickjs-wasmfile-debug-asyncify',
  ],
};

function spawnWorker(language: Language): ChildProcess {
  const program = fileURLToPath(new URL(`./worker/${language}.ts`, import.meta.url));
  const readable = [dirname(dirname(program)), ...PACKAGES[language].map(packageFolder)];
  const command = [
    ...confinement(),
    process.execPath,
    '--permission',
    ...readable.map((path) => `--allow-fs-read=${path}`),
    '--disallow-code-generation-from-strings',
    `--max-old-space-size=${HEAP_MB}`,
    '--no-warnings',
    program,
  ];
  const [executable = process.execPath, ...options] = command;
  return spawn(executable, options, {
    cwd: dirname(program),
    env: {},
    stdio: 'pipe',
    windowsHide: true,
  });
}

/** The folder that a package is installed in, wherever npm has put it. */
function packageFolder(name: string): string {
  const { resolve } = createRequire(import.meta.url);
  for (const folder of resolve.paths(name) ?? []) {
    const candidate = join(folder, name);
    if (existsSync(candidate)) return candidate;
  }
  throw new Error(`package ${name} is not installed; run npm ci`);
}
