// Makes the call in .call.json of the current directory and leaves the result beside it.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';

class RetryableError extends Error {
  name = 'RetryableError';

  constructor(message, { retryAfter } = {}) {
    super(message);
    if (retryAfter !== undefined) this.retryAfter = retryAfter;
  }
}

class HardError extends Error {
  name = 'HardError';
}

function say(message, isWarning) {
  (isWarning ? process.stderr : process.stdout).write(`${message}\n`);
}

const call = JSON.parse(readFileSync('.call.json', 'utf8'));
rmSync('.call.json');
Object.assign(globalThis, {
  RetryableError,
  HardError,
  log: (message, level) => say(message, level === 'warn' || level === 'error'),
  progress: (_fraction, message) => message && say(message, false),
  readFile: (path) => readFileSync(path, 'utf8'),
  writeFile: (path, content) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content instanceof ArrayBuffer ? new Uint8Array(content) : content);
  },
});
writeFileSync('.result.json', JSON.stringify(await result()));
// What was printed and not yet taken would be lost with the process.
process.stdout.write('', () => process.stderr.write('', () => process.exit(0)));

async function result() {
  let value;
  try {
    value = await run();
  } catch (error) {
    return failure(error);
  }
  try {
    return { kind: 'returned', output: JSON.stringify(value) ?? 'null' };
  } catch (error) {
    return {
      kind: 'malformed',
      message: `what ${call.function}() returned is no JSON: ${error.message}`,
    };
  }
}

async function run() {
  const found = await load();
  if (call.arguments.kind === 'none') return found();
  return found(call.arguments.kind === 'single' ? call.arguments.value : call.arguments.values);
}

/** A script becomes a module by exporting what it is asked for. */
async function load() {
  const { source, function: name } = call;
  const isModule = /^\s*(import|export)\b/m.test(source);
  const exported = `\nexport const __found = typeof ${name} === 'function' ? ${name} : undefined;\n`;
  const path = join(process.cwd(), '.step.mjs');
  writeFileSync(path, isModule ? source : source + exported);
  const module = await import(pathToFileURL(path));
  const found = isModule ? (module[name] ?? module.default) : module.__found;
  if (typeof found === 'function') return found;
  throw new HardError(`${call.filename} defines no function '${name}'`);
}

function failure(error) {
  const isError = error instanceof Error;
  const own = error instanceof RetryableError || error instanceof HardError;
  const message = isError
    ? own
      ? error.message
      : `${error.name}: ${error.message}`
    : String(error);
  const traceback = String(isError ? error.stack : error)
    .replaceAll(pathToFileURL(join(process.cwd(), '.step.mjs')).href, call.filename)
    .slice(0, 16_384);
  if (!(error instanceof RetryableError)) return { kind: 'threw', message, traceback };
  const after =
    typeof error.retryAfter === 'number' ? { retryAfterMs: error.retryAfter * 1000 } : {};
  return { kind: 'retryable', message, traceback, ...after };
}
