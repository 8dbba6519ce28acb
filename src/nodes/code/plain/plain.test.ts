import { expect, test } from 'vitest';
import type { Json } from '../../../expr/json.ts';
import { runCode, type CodeRun } from '../run-code.ts';

function run(config: { [key: string]: Json }, timeoutMs = 20_000): Promise<CodeRun> {
  const options = { settings: { allowSubprocess: true }, files: { 'a.txt': 'data' }, timeoutMs };
  return runCode({ sandbox: 'none', ...config }, options);
}

test('sandbox none where the operator does not allow it → hard not_configured', async () => {
  const { error } = await runCode({ sandbox: 'none', code: 'def process(): pass' });
  expect(error).toMatchObject({ class: 'hard', code: 'not_configured' });
  expect(error!.message).toContain('BEHEST_ALLOW_SUBPROCESS');
});

test.each<[string, { [key: string]: Json }, Json]>([
  ['python', { code: 'def process(x):\n    return x * 2', input: 21 }, 42],
  [
    'python',
    { code: 'async def process(a, b):\n    return a + b', input_mapping: { a: 1, b: 2 } },
    3,
  ],
  [
    'python',
    { code: 'def process():\n    return open("a.txt").read()', files: [{ $file: 'a.txt' }] },
    'data',
  ],
  ['javascript', { code: 'const process = async (x) => x * 2', input: 21 }, 42],
  ['javascript', { code: 'export default ({ a, b }) => a + b', input_mapping: { a: 1, b: 2 } }, 3],
  [
    'javascript',
    { code: 'const process = () => readFile("a.txt")', files: [{ $file: 'a.txt' }] },
    'data',
  ],
])('%s %j → %j', async (language, config, expected) => {
  const { output, error } = await run({ language, ...config });
  expect(error).toBeUndefined();
  expect(output).toEqual(expected);
});

test.each<[string, string, string, RegExp]>([
  ['python', 'def process():\n    raise ValueError("v")', 'code', /^ValueError: v/],
  ['python', 'def process():\n    raise RetryableError("busy")', 'transient', /^busy/],
  ['python', 'def process():\n    return {1}', 'malformed_output', /no JSON/],
  ['javascript', 'function process() { throw new TypeError("v") }', 'code', /^TypeError: v/],
  ['javascript', 'function process() { throw new RetryableError("busy") }', 'transient', /^busy/],
  ['javascript', 'function process() { return 1n }', 'malformed_output', /no JSON/],
])('%s %s → %s', async (language, code, errorCode, message) => {
  const { error } = await run({ language, code });
  expect(error!.code).toBe(errorCode);
  expect(error!.message).toMatch(message);
});

test('environment → what programs need, nothing else of the runner', async () => {
  const code = 'const process = () => Object.keys(globalThis.process.env).toSorted()';
  const { output } = await run({ language: 'javascript', code });
  expect(output).toEqual(['HOME', 'LANG', 'PATH']);
});

test('output and prints → lines of the activity log', async () => {
  const code = 'import sys\ndef process():\n    print("out")\n    print("err", file=sys.stderr)';
  const { context } = await run({ code });
  expect(context.lines).toContainEqual({ level: 'info', message: 'out' });
  expect(context.lines).toContainEqual({ level: 'warn', message: 'err' });
});

test('endless, with a child of its own → ended at the time limit', async () => {
  const code = 'import subprocess\ndef process():\n    subprocess.run(["sleep", "60"])';
  const { error } = await run({ code }, 500);
  expect(error).toMatchObject({ class: 'retryable', code: 'timeout' });
});
