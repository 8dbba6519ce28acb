import { afterAll, expect, test } from 'vitest';
import type { Json } from '../../expr/json.ts';
import { closeCode } from './execute.ts';
import { runCode, type CodeRun } from './run-code.ts';

afterAll(closeCode);

function run(code: string, input: Json = 1): Promise<CodeRun> {
  return runCode({ language: 'javascript', code, input });
}

test.each<[string, string, Json, Json]>([
  ['function', 'function process(x) { return x.a + 1 }', { a: 1 }, 2],
  ['arrow in a const', 'const process = (x) => [x, null]', 'é \u{1f600}', ['é \u{1f600}', null]],
  ['async', 'async function process(x) { await null; return x }', 3, 3],
  ['export', 'export function process(x) { return x }', 4, 4],
  ['default export', 'export default (x) => x', 5, 5],
  ['undefined', 'function process() {}', 1, null],
  ['empty statement lines', '\n\n  function process(x) {\n    return x }\n  ', 1, 1],
])('%s → works', async (_, code, input, expected) => {
  const { output, error } = await run(code, input);
  expect(error).toBeUndefined();
  expect(output).toEqual(expected);
});

test('input_mapping → one object with the names', async () => {
  const code = 'function process({ a, b }) { return a + b }';
  const config = { language: 'javascript', code, input_mapping: { a: 1, b: 2 } };
  expect((await runCode(config)).output).toBe(3);
});

test('a file of the folder with a module and data beside it → imported and read', async () => {
  const files = {
    'src/main.mjs':
      'import { parse } from "./rows.mjs"\nexport function process() { return parse(readFile("a.csv")) }',
    'src/rows.mjs': 'export const parse = (text) => text.split(",")',
    'a.csv': 'x,y',
  };
  const config = {
    file: { $file: 'src/main.mjs' },
    files: [{ $file: 'src/rows.mjs' }, { $file: 'a.csv' }],
  };
  expect((await runCode(config, { files })).output).toEqual(['x', 'y']);
});

test('console, log and progress → the activity log', async () => {
  const code = `function process() {
    console.log('a', { b: [1] }); console.error(new Error('c').message);
    log('d', 'debug'); progress(0.5, 'half');
  }`;
  const { context } = await run(code);
  expect(context.lines).toEqual([
    { level: 'info', message: 'a {"b":[1]}' },
    { level: 'warn', message: 'c' },
    { level: 'debug', message: 'd' },
  ]);
  expect(context.fractions).toEqual([0.5]);
});

test.each<[string, string, string, string, RegExp]>([
  [
    'exception',
    'function process() {\n  null.x\n}',
    'hard',
    'code',
    /^TypeError: .*\(<code>, line 2\)$/,
  ],
  [
    'rejection',
    'async function process() {\n await null;\n throw new RangeError("r") }',
    'hard',
    'code',
    /^RangeError: r .*line 3/,
  ],
  ['thrown text', 'function process() { throw "plain" }', 'hard', 'code', /plain/],
  ['syntax error', 'function process( {', 'hard', 'code', /^SyntaxError/],
  ['no such function', 'function other() {}', 'hard', 'code', /defines no function 'process'/],
  ['BigInt', 'const process = () => 1n', 'hard', 'malformed_output', /no JSON/],
  [
    'cycle',
    'const process = () => { const a = {}; a.a = a; return a }',
    'hard',
    'malformed_output',
    /circular/,
  ],
  ['HardError', 'const process = () => { throw new HardError("never") }', 'hard', 'code', /^never/],
  [
    'RetryableError',
    'const process = () => { throw new RetryableError("busy", { retryAfter: 2 }) }',
    'retryable',
    'transient',
    /^busy/,
  ],
  ['recursion', 'function process() { return process() }', 'hard', 'code', /stack/],
  [
    'memory bomb',
    'function process() { const a = []; for (;;) a.push(new Array(1e5).fill(1)) }',
    'hard',
    'limit',
    /memoryMb/,
  ],
  [
    'promise without end',
    'const process = () => new Promise(() => {})',
    'hard',
    'code',
    /deadlock/,
  ],
  ['huge result', 'const process = () => "x".repeat(17 * 2 ** 20)', 'hard', 'limit', /16777216/],
])('%s → %s %s', async (_, code, errorClass, errorCode, message) => {
  const { error } = await run(code);
  expect(error).toMatchObject({ class: errorClass, code: errorCode });
  expect(error!.message).toMatch(message);
  if (errorClass === 'retryable') expect(error!.retryAfterMs).toBe(2000);
});

test.each([
  'for (;;) {}',
  'Promise.resolve().then(function again() { return Promise.resolve().then(again) }); return new Promise(() => {})',
  '/(a+)+$/.test("a".repeat(40) + "b")',
])('endless: %s → ended at the time limit', async (body) => {
  const config = { language: 'javascript', code: `function process() { ${body} }` };
  await run('function process() {}');
  const { error } = await runCode(config, { timeoutMs: 300 });
  expect(error).toMatchObject({ class: 'retryable', code: 'timeout' });
});

test.each<[string, Json]>([
  [
    '[typeof process, typeof require, typeof fetch, typeof module, typeof Buffer]',
    ['function', ...Array<string>(4).fill('undefined')],
  ],
  [
    '[typeof std, typeof os, typeof Atomics, typeof WebAssembly, typeof setTimeout]',
    Array<string>(5).fill('undefined'),
  ],
  ['globalThis.constructor.constructor("return typeof require")()', 'undefined'],
  ['console.log.constructor("return typeof require")()', 'undefined'],
  ['readFile.constructor.constructor("return Object.keys(this).includes(\'fetch\')")()', false],
])('escape %s → %j', async (expression, expected) => {
  const { output, error } = await run(`function process() { return ${expression} }`);
  expect(error).toBeUndefined();
  expect(output).toEqual(expected);
});

test.each([
  'return import("node:fs")',
  'return import("/etc/passwd")',
  'return readFile("/etc/passwd")',
  'return readFile("../../../etc/passwd")',
])('escape %s → an error', async (body) => {
  const { error } = await run(`async function process() { ${body} }`);
  expect(error).toMatchObject({ class: 'hard', code: 'code' });
});

test('prototype pollution → gone in the next call', async () => {
  await run(`function process() {
    Object.prototype.toJSON = () => 'poisoned'; Array.prototype.map = null; JSON.stringify = null;
    globalThis.leak = 1; console.log = null; return 1 }`);
  const { output } = await run(
    'const process = () => [typeof leak, [1].map((x) => x), typeof console.log, ({}).toJSON === undefined]',
  );
  expect(output).toEqual(['undefined', [1], 'function', true]);
});
