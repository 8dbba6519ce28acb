import { Buffer } from 'node:buffer';
import { posix } from 'node:path';
import type { QuickJSContext, QuickJSHandle, QuickJSWASMModule } from 'quickjs-emscripten';
import { MAX_RESULT_CHARACTERS, type Call, type CallResult } from '../call.ts';
import { excessOf } from './output-limits.ts';
import type { CallOutput } from './serve.ts';

/** Well below what the host's own stack can carry of the interpreter's recursion. */
const STACK_BYTES = 192 * 1024;

interface Run {
  readonly call: Call;
  readonly output: CallOutput;
  readonly bootstrap: string;
}

/** A call, and what it has written so far. */
interface Session extends Run {
  readonly written: Map<string, Uint8Array>;
}

/** What user code threw, as it was there. */
class Thrown extends Error {
  readonly value: unknown;

  constructor(value: unknown) {
    super('thrown by user code');
    this.value = value;
  }
}

/**
 * Makes one call in an engine that nothing else has used or will use: it is left to the garbage
 * collector whole, so no handle needs to be given back.
 */
export function runScript(engine: QuickJSWASMModule, run: Run): CallResult {
  const { call } = run;
  const runtime = engine.newRuntime();
  runtime.setMemoryLimit(call.memoryMb * 1024 * 1024);
  runtime.setMaxStackSize(STACK_BYTES);
  runtime.setInterruptHandler(() => Date.now() > call.deadline);
  runtime.setModuleLoader((name) => {
    const content = call.files[posix.normalize(name)];
    if (content !== undefined) return Buffer.from(content, 'base64').toString();
    return { error: new Error(`cannot import '${name}': it is not one of the step's \`files\``) };
  });
  const context = runtime.newContext();
  const written = new Map<string, Uint8Array>();
  try {
    const tools = makeTools(context, { ...run, written });
    const found = findFunction(context, call);
    const returned = settled(context, invoke(context, { call, tools, found }));
    return withOutputs(finished(context, { call, tools, returned }), { ...run, written });
  } catch (error) {
    if (error instanceof Thrown) return failure(error.value, call);
    // A trap of the engine itself: its stack or its memory ran out beyond repair.
    const reason = error instanceof Error ? error.message : String(error);
    return { kind: 'limit', message: `the interpreter gave up: ${reason.slice(0, 500)}` };
  }
}

/** What a call that went well wrote goes ahead of its result. */
function withOutputs(result: CallResult, { output, written }: Session): CallResult {
  if (result.kind !== 'returned') return result;
  const files = [...written].map(([path, bytes]) => ({ path, bytes, size: bytes.byteLength }));
  const excess = excessOf(files);
  if (excess !== undefined) return excess;
  for (const { path, bytes } of files) output.file(path, bytes);
  return result;
}

interface Tools {
  readonly parse: QuickJSHandle;
  readonly stringify: QuickJSHandle;
}

/** Runs the bootstrap, which makes `console`, `log` and the like and keeps JSON's functions safe. */
function makeTools(context: QuickJSContext, session: Session): Tools {
  const { call, output, bootstrap, written } = session;
  const install = evaluate(context, bootstrap, 'behest.js');
  const tell = context.newFunction('tell', (level, message, fraction) => {
    const text = context.typeof(message) === 'string' ? context.getString(message) : undefined;
    const kind = context.getString(level);
    if (kind === 'progress') output.progress(context.getNumber(fraction), text);
    else output.log(levelOf(kind), text ?? '');
  });
  const read = context.newFunction('read', (path) => {
    const name = posix.normalize(context.getString(path));
    const content = written.get(name) ?? given(call, name);
    return content === undefined
      ? context.undefined
      : context.newString(Buffer.from(content).toString());
  });
  const write = context.newFunction('write', (path, content) => {
    const refusal = keep(context, session, { path: context.getString(path), content });
    return refusal === undefined ? context.undefined : context.newString(refusal);
  });
  const result = context.callFunction(install, context.undefined, tell, read, write);
  const tools = unwrap(context, result);
  return { parse: context.getProp(tools, 'parse'), stringify: context.getProp(tools, 'stringify') };
}

function given({ files }: Call, path: string): Uint8Array | undefined {
  const content = Object.hasOwn(files, path) ? files[path] : undefined;
  return content === undefined ? undefined : Buffer.from(content, 'base64');
}

/** Keeps what the code writes; answers why not, when it is none of the call's outputs. */
function keep(
  context: QuickJSContext,
  { call, written }: Session,
  file: { readonly path: string; readonly content: QuickJSHandle },
): string | undefined {
  const path = posix.normalize(file.path);
  if (!call.outputs.includes(path)) {
    const declared = call.outputs.join(', ') || 'none';
    return `'${file.path}' is not among the step's outputs (${declared}); add it there`;
  }
  const isText = context.typeof(file.content) === 'string';
  // A copy: the bytes of an ArrayBuffer are those of the engine's memory.
  const bytes = isText
    ? Buffer.from(context.getString(file.content))
    : Uint8Array.from(context.getArrayBuffer(file.content).value);
  written.set(path, bytes);
  return undefined;
}

function levelOf(text: string): 'debug' | 'info' | 'warn' | 'error' {
  return text === 'debug' || text === 'warn' || text === 'error' ? text : 'info';
}

/** Code with `import` or `export` at the start of a line is a module, else a script. */
function findFunction(context: QuickJSContext, call: Call): QuickJSHandle {
  const isModule = /^\s*(import|export)\b/m.test(call.source);
  const { function: name } = call;
  if (isModule) {
    const evaluated = context.evalCode(call.source, call.filename, { type: 'module' });
    const exports = settled(context, unwrap(context, evaluated));
    const named = context.getProp(exports, name);
    const found =
      context.typeof(named) === 'function' ? named : context.getProp(exports, 'default');
    if (context.typeof(found) === 'function') return found;
    throw new Thrown({
      name: 'HardError',
      message: `${call.filename} exports no function '${name}'`,
    });
  }
  evaluate(context, call.source, call.filename);
  const found = evaluate(
    context,
    `typeof ${name} === 'function' ? ${name} : undefined`,
    'behest.js',
  );
  if (context.typeof(found) === 'function') return found;
  throw new Thrown({
    name: 'HardError',
    message: `${call.filename} defines no function '${name}'`,
  });
}

function invoke(
  context: QuickJSContext,
  { call, tools, found }: { call: Call; tools: Tools; found: QuickJSHandle },
): QuickJSHandle {
  const value = call.arguments.kind === 'single' ? call.arguments.value : namedOf(call);
  if (value === undefined) {
    return unwrap(context, context.callFunction(found, context.undefined));
  }
  const text = context.newString(JSON.stringify(value));
  const argument = unwrap(context, context.callFunction(tools.parse, context.undefined, text));
  return unwrap(context, context.callFunction(found, context.undefined, argument));
}

function namedOf(call: Call): object | undefined {
  return call.arguments.kind === 'named' ? call.arguments.values : undefined;
}

/** The value a promise settles with; everything else is itself. */
function settled(context: QuickJSContext, value: QuickJSHandle): QuickJSHandle {
  const jobs = context.runtime.executePendingJobs();
  if (jobs.error !== undefined) throw new Thrown(context.dump(jobs.error));
  const state = context.getPromiseState(value);
  switch (state.type) {
    case 'fulfilled':
      return state.value;
    case 'rejected':
      throw new Thrown(context.dump(state.error));
    case 'pending':
      throw new Thrown({
        name: 'HardError',
        message: 'deadlock: the promise waits for something that cannot happen in the sandbox',
      });
  }
}

function finished(
  context: QuickJSContext,
  { call, tools, returned }: { call: Call; tools: Tools; returned: QuickJSHandle },
): CallResult {
  const result = context.callFunction(tools.stringify, context.undefined, returned);
  if (result.error !== undefined) {
    const { message } = errorParts(context.dump(result.error));
    return {
      kind: 'malformed',
      message: `what ${call.function}() returned is no JSON: ${message}`,
    };
  }
  const output = context.getString(result.value);
  if (output.length <= MAX_RESULT_CHARACTERS) return { kind: 'returned', output };
  const message = `the result is longer than ${MAX_RESULT_CHARACTERS} characters of JSON`;
  return { kind: 'limit', message };
}

function evaluate(context: QuickJSContext, source: string, filename: string): QuickJSHandle {
  return unwrap(context, context.evalCode(source, filename));
}

function unwrap(
  context: QuickJSContext,
  result: ReturnType<QuickJSContext['callFunction']>,
): QuickJSHandle {
  if (result.error !== undefined) throw new Thrown(context.dump(result.error));
  return result.value;
}

interface ErrorParts {
  readonly name: string;
  readonly message: string;
  readonly stack: string;
  readonly retryAfter: unknown;
}

function errorParts(value: unknown): ErrorParts {
  if (typeof value !== 'object' || value === null) {
    return { name: 'Error', message: String(value), stack: '', retryAfter: undefined };
  }
  const { name, message, stack, retryAfter } = value as { readonly [key: string]: unknown };
  return {
    name: typeof name === 'string' ? name : 'Error',
    message: typeof message === 'string' ? message : JSON.stringify(value),
    stack: typeof stack === 'string' ? stack : '',
    retryAfter,
  };
}

function failure(value: unknown, call: Call): CallResult {
  const { name, message, stack, retryAfter } = errorParts(value);
  if (name === 'InternalError' && message === 'out of memory') {
    return { kind: 'limit', message: 'the code used more memory than memoryMb allows' };
  }
  const frames = stack
    .split('\n')
    .filter((line) => isUserFrame(line, call))
    .slice(0, 50);
  const place = /\(?([^\s()]+?):(\d+)(?::\d+)?\)?$/.exec(frames[0] ?? '');
  const where = place === null ? '' : ` (${place[1] ?? ''}, line ${place[2] ?? ''})`;
  const own = name === 'RetryableError' || name === 'HardError';
  const described = `${own ? '' : `${name}: `}${message}`.slice(0, 4096) + where;
  const traceback = [`${name}: ${message}`.slice(0, 4096), ...frames].join('\n');
  if (name !== 'RetryableError') return { kind: 'threw', message: described, traceback };
  const after =
    typeof retryAfter === 'number' ? { retryAfterMs: Math.max(0, retryAfter * 1000) } : {};
  return { kind: 'retryable', message: described, traceback, ...after };
}

function isUserFrame(line: string, call: Call): boolean {
  return [call.filename, ...Object.keys(call.files)].some((file) => line.includes(`${file}:`));
}
