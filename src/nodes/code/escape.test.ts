import { afterAll, expect, test } from 'vitest';
import { closeCode } from './execute.ts';
import { runCode } from './run-code.ts';

afterAll(closeCode);

async function errorOf(body: string): Promise<string> {
  const lines = body.split('\n').map((line) => `    ${line}`);
  const code = `def process(x):\n${lines.join('\n')}`;
  const { output, error } = await runCode({ code, input: 1 });
  expect(output, `the escape worked: ${JSON.stringify(output)}`).toBeUndefined();
  return error!.message;
}

test.each([
  'import js',
  'from js import process, fetch',
  'import pyodide_js',
  'import _pyodide',
  'import _pyodide_core',
  'import pyodide.http',
  'from pyodide.ffi import to_js',
  'from pyodide.code import run_js',
  'import micropip',
  'import ctypes',
  'import _ctypes',
  'import _testcapi',
  'import importlib; return str(importlib.reload(importlib.import_module("_pyodide_core")))',
])('%s → not available', async (body) => {
  expect(await errorOf(body)).toMatch(/ModuleNotFoundError/);
});

test.each([
  ['open("/etc/passwd").read()', /FileNotFoundError/],
  ['open("/proc/self/environ").read()', /Error/],
  ['__import__("os").listdir("/root")', /FileNotFoundError/],
  ['open("/lib/python314.zip", "r+b", buffering=0).write(b"x")', /Error/],
  ['open("/lib/python3.14/site-packages/evil.py", "w")', /Error/],
  ['__import__("os").chmod("/lib/python314.zip", 0)', /Error/],
  ['__import__("os").remove("/lib/python314.zip")', /Error/],
  ['__import__("os").rename("/lib", "/lob")', /Error/],
  ['__import__("os").fork()', /Error/],
  ['__import__("os").execv("/bin/sh", ["sh"])', /Error/],
  ['__import__("os").kill(1, 9)', /Error/],
  ['__import__("subprocess").run(["id"])', /Error/],
  ['__import__("socket").create_connection(("127.0.0.1", 80), timeout=1)', /Error/],
  ['__import__("urllib.request").request.urlopen("http://127.0.0.1/")', /Error/],
  ['__import__("threading").Thread(target=print).start()', /Error/],
  ['__import__("multiprocessing").Process(target=print).start()', /Error/],
])('%s → an error', async (expression, expected) => {
  expect(await errorOf(`return ${expression}`)).toMatch(expected);
});

test('os.system → runs nothing', async () => {
  const code = 'import os\ndef process(x):\n    return os.system("id") == 0';
  const { output } = await runCode({ code, input: 1 });
  expect(output === false || output === undefined).toBe(true);
});

test('environment → empty', async () => {
  const code = 'import os\ndef process(x):\n    return [dict(os.environ), os.getenv("PATH")]';
  expect((await runCode({ code, input: 1 })).output).toEqual([{}, null]);
});

/** Walks everything that Python can reach and looks for a way into JavaScript. */
const search = `
import gc, sys
POWERS = ("to_js", "create_proxy", "create_once_callable", "run_sync", "raw_call", "run_js")

def classes(cls):
    for sub in type.__subclasses__(cls):
        yield sub
        yield from classes(sub)

def process(x):
    seen, found = set(), []
    pending = gc.get_objects() + list(classes(object)) + list(sys.modules.values())
    while pending:
        thing = pending.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        kind = type(thing).__name__
        if kind in ("JsProxy", "JsException", "JsDoubleProxy", "JsBuffer"):
            found.append(repr(thing)[:80])
        if kind == "builtin_function_or_method" and thing.__name__ in POWERS:
            found.append(thing.__name__)
        pending.extend(gc.get_referents(thing))
    return {"found": found, "many": len(seen) > 10000}
`;

test('all that Python can reach → no JavaScript object and no way to make one', async () => {
  const { output, error } = await runCode({ code: search, input: 1 });
  expect(error).toBeUndefined();
  expect(output).toEqual({ found: [], many: true });
});

test.each(['()', "('x',)", '("Error", "m", "s")'])(
  'making a JavaScript error through __subclasses__ with %s → refused',
  async (args) => {
    const body = `
def classes(cls):
    for sub in type.__subclasses__(cls):
        yield sub
        yield from classes(sub)
found = [c for c in classes(object) if c.__name__ == "JsException"]
assert found, "the class has gone: this test tests nothing"
return str(found[0]${args}.constructor.constructor("return process")())`;
    expect(await errorOf(body)).toMatch(/TypeError: not available in the sandbox/);
  },
);

test('another namespace → another process', async () => {
  const code = 'import time\nBOOT = id(time)\ndef process(x):\n    return x';
  const one = await runCode({ code, input: 1 }, { namespace: 'one' });
  const two = await runCode({ code, input: 2 }, { namespace: 'two' });
  expect([one.output, two.output]).toEqual([1, 2]);
});
