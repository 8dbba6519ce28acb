import { readFileSync } from 'node:fs';
import { loadPyodide, type PyodideAPI } from 'pyodide';
import { MAX_RESULT_CHARACTERS, type Call, type CallResult } from '../call.ts';
import { removeGlobals, removeHostPowers } from './harden.ts';
import { freezeFiles, freshFiles, takeOutputs, type PythonFiles } from './python-files.ts';
import { PythonMemory, type MemoryModule } from './python-memory.ts';
import { PythonOutput } from './python-output.ts';
import { serve, type CallOutput, type Interpreter } from './serve.ts';

/** After so many calls a worker is replaced: the JavaScript side is not part of the memory image. */
const CALLS_MAX = 500;

const exit = process.exit.bind(process);

interface PythonInternals {
  readonly FS: PythonFiles;
  readonly _module: MemoryModule;
}

async function startPython(): Promise<Interpreter> {
  removeHostPowers();
  // A finaliser would reach into a memory image that has been replaced in the meantime.
  Object.defineProperty(globalThis, 'FinalizationRegistry', {
    value: class {
      register(): void {}
      unregister(): void {}
    },
  });
  const memory = new PythonMemory();
  const python = await loadPyodide({
    jsglobals: Object.create(null) as object,
    env: { HOME: '/tmp', PYTHONHASHSEED: '0' },
  });
  const { FS, _module: module } = python as unknown as PythonInternals;
  const output = new PythonOutput(python);
  FS.mkdirTree('/work');
  const call = defineCall(python);
  freezeFiles(FS);
  removeGlobals();
  memory.takeImage(module);
  return interpreter({ FS, module, memory, output, call });
}

function defineCall(python: PyodideAPI): (request: string) => string {
  const source = readFileSync(new URL('./bootstrap.py', import.meta.url), 'utf8');
  const namespace = python.toPy({ __name__: 'behest' });
  python.runPython(source, { globals: namespace, filename: 'behest.py' });
  const call = namespace.get('call') as (request: string) => string;
  const cutOff = namespace.get('cut_off') as () => void;
  cutOff();
  return call;
}

interface Parts {
  readonly FS: PythonFiles;
  readonly module: MemoryModule;
  readonly memory: PythonMemory;
  readonly output: PythonOutput;
  readonly call: (request: string) => string;
}

function interpreter({ FS, module, memory, output, call }: Parts): Interpreter {
  let calls = 0;
  return {
    call(request, sink) {
      calls += 1;
      memory.limitBytes = request.memoryMb * 1024 * 1024;
      endAt(module, request.deadline);
      output.begin(sink);
      const restoreFiles = freshFiles(FS, request);
      try {
        // The files are in place; the copy in the request would only take the call's memory.
        const returned = JSON.parse(call(JSON.stringify({ ...request, files: {} }))) as CallResult;
        output.end();
        const result = withOutputs(FS, { request, result: bounded(returned), sink });
        restoreFiles();
        const grown = memory.restore(module);
        return { result, recycle: grown || calls >= CALLS_MAX };
      } catch (error) {
        // A trap of the interpreter itself: its stack or its memory ran out beyond repair.
        return { result: trapped(memory, error), recycle: true };
      }
    },
  };
}

/** The interpreter looks for signals now and then; past the deadline it finds the end. */
function endAt(module: MemoryModule, deadline: number): void {
  module.Py_EmscriptenSignalBuffer = {
    get 0() {
      if (Date.now() > deadline) exit(124);
      return 0;
    },
    set 0(_value: number) {
      // The interpreter resets the signal it has read; there is none.
    },
  };
}

/** Before the files are gone: what a call that went well wrote goes ahead of its result. */
function withOutputs(
  FS: PythonFiles,
  { request, result, sink }: { request: Call; result: CallResult; sink: CallOutput },
): CallResult {
  if (result.kind !== 'returned') return result;
  const take = (path: string, bytes: Uint8Array): void => sink.file(path, bytes);
  return takeOutputs(FS, request.outputs, take) ?? result;
}

function bounded(result: CallResult): CallResult {
  if (result.kind !== 'returned' || result.output.length <= MAX_RESULT_CHARACTERS) return result;
  const message = `the result is longer than ${MAX_RESULT_CHARACTERS} characters of JSON`;
  return { kind: 'limit', message };
}

function trapped(memory: PythonMemory, error: unknown): CallResult {
  if (memory.refused) {
    return { kind: 'limit', message: 'the code used more memory than memoryMb allows' };
  }
  const reason = error instanceof Error ? error.message : String(error);
  return { kind: 'limit', message: `the interpreter gave up: ${reason.slice(0, 500)}` };
}

serve(await startPython());
