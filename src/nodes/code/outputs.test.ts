import { afterAll, expect, test } from 'vitest';
import type { Json } from '../../expr/json.ts';
import { digestOf, type ArtifactReference } from '../artifact-reference.ts';
import { closeCode } from './execute.ts';
import { runCode, type CodeRun } from './run-code.ts';

afterAll(closeCode);

type Config = { readonly [key: string]: Json };

const settings = { allowSubprocess: true };

function reference(name: string, content: string): ArtifactReference {
  const bytes = Buffer.from(content);
  return { artifact: digestOf(bytes), name, size: bytes.length, media_type: 'text/csv' };
}

/** The text of each file that the step stored, by its path. */
function stored({ output, error, context }: CodeRun): { result: Json; [path: string]: Json } {
  expect(error).toBeUndefined();
  const { result, files } = output as unknown as {
    result: Json;
    files: { [path: string]: ArtifactReference };
  };
  const texts = Object.entries(files).map(([path, { artifact, name, size }]) => {
    const bytes = context.blobs.get(artifact)!;
    expect(name).toBe(path.replace(/^.*\//, ''));
    expect(size).toBe(bytes.byteLength);
    return [path, Buffer.from(bytes).toString()];
  });
  return { result, ...Object.fromEntries(texts) };
}

const python = `def process(x):
    with open("out/a.csv", "w") as file:
        file.write(x)
    keep = globals()["kept"] = open("b.txt", "w")
    keep.write("not closed")
    return len(x)`;
const javascript = `function process(x) {
  writeFile('out/a.csv', x);
  writeFile('./b.txt', new TextEncoderLike('not closed').bytes);
  return x.length;
}
class TextEncoderLike {
  constructor(text) {
    const all = new Uint8Array(text.length + 2);
    [...text].forEach((c, i) => { all[i + 1] = c.charCodeAt(0); });
    this.bytes = all.subarray(1, -1);
  }
}`;

test.each([
  ['python', 'wasm', python],
  ['javascript', 'wasm', javascript],
  ['python', 'none', python],
  ['javascript', 'none', javascript],
])('%s in %s that writes its outputs → result and references', async (language, sandbox, code) => {
  const config: Config = { language, sandbox, code, input: 'é,1', outputs: ['out/a.csv', 'b.txt'] };
  const run = await runCode(config, { settings });
  expect(stored(run)).toEqual({ result: 3, 'out/a.csv': 'é,1', 'b.txt': 'not closed' });
  const { files } = run.output as unknown as { files: { [path: string]: ArtifactReference } };
  expect(files['out/a.csv']!.media_type).toBe('text/csv; charset=utf-8');
});

test.each([
  ['python', 'wasm', 'def process():\n    open("b", "w").close()'],
  ['javascript', 'wasm', 'const process = () => writeFile("b", "")'],
  ['python', 'none', 'def process():\n    open("b", "w").close()'],
  [
    'python',
    'wasm',
    'import os\ndef process():\n    open("b", "w").close()\n    os.mkdir("out/a.csv")',
  ],
])('%s in %s that leaves one out → hard malformed_output', async (language, sandbox, code) => {
  const config = { language, sandbox, code, outputs: ['out/a.csv', 'b'] };
  const { error } = await runCode(config, { settings });
  expect(error).toMatchObject({ class: 'hard', code: 'malformed_output' });
  expect(error!.message).toMatch(/'out\/a\.csv'/);
  expect(error!.message).not.toMatch(/'b'/);
});

test.each(['../x', '/etc/x', 'a/../../x', './x', 'a\\x', ''])(
  'output %j → refused before any code runs',
  async (path) => {
    const { error, context } = await runCode({
      code: 'def process(): log("ran")',
      outputs: [path],
    });
    expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
    expect(context.lines).toEqual([]);
  },
);

test('javascript that writes elsewhere → code, names what is declared', async () => {
  const code = 'const process = () => writeFile("../x", "")';
  const { error } = await runCode({ language: 'javascript', code, outputs: ['a.txt'] });
  expect(error).toMatchObject({ class: 'hard', code: 'code' });
  expect(error!.message).toMatch(/\.\.\/x.*\(a\.txt\)/);
});

test.each([
  ['python', 'import os\ndef process():\n    os.symlink("/etc/passwd", "a")'],
  ['python', 'import os\ndef process():\n    os.symlink("/dev/urandom", "a")'],
])('%s output that is a link out of its files → nothing of the host', async (language, code) => {
  const { error } = await runCode({ language, code, outputs: ['a'] });
  expect(error).toMatchObject({ code: 'malformed_output' });
});

test('the next call of the same worker → finds nothing of the files', async () => {
  const code = `import os
def process(x):
    before = os.listdir(".")
    open("a", "w").write("x")
    return before`;
  for (let calls = 0; calls < 3; calls += 1) {
    const run = await runCode({ code, input: 1, outputs: ['a'] });
    expect(stored(run)).toEqual({ result: [], a: 'x' });
  }
});

test.each([
  ['python', 'def process(n):\n    with open("a", "wb") as f:\n        f.write(bytes(n))'],
  ['javascript', 'const process = (n) => writeFile("a", new Uint8Array(n))'],
])(
  '%s output of 20 MiB → stored; over 64 MiB → limit',
  async (language, code) => {
    const config = { language, code, outputs: ['a'], memoryMb: 512 };
    const run = await runCode({ ...config, input: 20 * 1024 * 1024 }, { timeoutMs: 60_000 });
    expect(run.error).toBeUndefined();
    expect([...run.context.blobs.values()].map(({ length }) => length)).toEqual([20 * 1024 * 1024]);
    const { error } = await runCode(
      { ...config, input: 64 * 1024 * 1024 + 1 },
      { timeoutMs: 60_000 },
    );
    expect(error).toMatchObject({ class: 'hard', code: 'limit' });
  },
  60_000,
);

test.each([
  ['python', 'wasm', 'def process():\n    return open("in.csv").read()'],
  ['javascript', 'wasm', 'const process = () => readFile("in.csv")'],
  ['python', 'none', 'def process():\n    return open("in.csv").read()'],
])(
  '%s in %s with an artifact among its files → reads it by name',
  async (language, sandbox, code) => {
    const files = [reference('some\\folder/in.csv', 'a,é'), { $file: 'b.csv' }];
    const options = { settings, files: { 'b.csv': '' }, blobs: ['a,é'] };
    const { output, error } = await runCode({ language, sandbox, code, files }, options);
    expect(error).toBeUndefined();
    expect(output).toBe('a,é');
  },
);

test.each([
  ['python', 'import os\ndef process():\n    return os.path.getsize("in.csv")'],
  ['javascript', 'const process = () => readFile("in.csv").length'],
])(
  '%s with an artifact of 64 MiB → gets all of it; of two → limit',
  async (language, code) => {
    const content = 'x'.repeat(64 * 1024 * 1024);
    const large = reference('in.csv', content);
    const config = { language, code, memoryMb: language === 'python' ? 64 : 256 };
    const options = { blobs: [content], timeoutMs: 60_000 };
    const run = await runCode({ ...config, files: [large] }, options);
    expect(run.error).toBeUndefined();
    expect(run.output).toBe(content.length);
    const files = [large, { ...large, name: 'b' }];
    const { error } = await runCode({ ...config, files }, options);
    expect(error).toMatchObject({ class: 'hard', code: 'limit' });
  },
  60_000,
);

test.each<[string, string]>([
  ['python', 'csv.py'],
  ['python', 'csv.cpython-314-wasm32-emscripten.SO'],
  ['python', 'a/..'],
  ['javascript', '.call.json'],
  ['python', 'b.csv'],
  ['python', 'out'],
  ['javascript', 'o.csv'],
])('%s with an artifact named %j → hard invalid_input', async (language, name) => {
  const files: Json = [reference(name, 'x'), { $file: 'b.csv' }];
  const outputs = ['out/a', 'o.csv'];
  const config = { language, code: 'def process(): pass', files, outputs };
  const { error } = await runCode(config, { files: { 'b.csv': '' }, blobs: ['x'] });
  expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
  expect(error!.message).toContain('files');
});
