import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { newQuickJSWASMModule, newVariant, RELEASE_SYNC } from 'quickjs-emscripten';
import { removeGlobals, removeHostPowers } from './harden.ts';
import { runScript } from './javascript-run.ts';
import { serve, type Interpreter } from './serve.ts';

/** After so many calls, or beyond this size, a worker is replaced. */
const CALLS_MAX = 2_000;
const RESIDENT_BYTES_MAX = 300 * 1024 * 1024;

const { memoryUsage } = process;

/** Every call gets an engine of its own, instantiated (1 to 3 ms) from the module compiled here. */
async function startJavaScript(): Promise<Interpreter> {
  removeHostPowers();
  const bootstrap = readFileSync(new URL('./bootstrap.js', import.meta.url), 'utf8');
  const variant = newVariant(RELEASE_SYNC, { wasmModule: compiledEngine() });
  let next = newQuickJSWASMModule(variant);
  await next;
  removeGlobals({ keep: ['instantiate'] });
  let calls = 0;
  return {
    async call(call, output) {
      calls += 1;
      const engine = await next;
      next = newQuickJSWASMModule(variant);
      const result = runScript(engine, { call, output, bootstrap });
      return { result, recycle: calls >= CALLS_MAX || memoryUsage.rss() > RESIDENT_BYTES_MAX };
    },
  };
}

function compiledEngine(): WebAssembly.Module {
  const resolve = createRequire(
    createRequire(import.meta.url).resolve('quickjs-emscripten'),
  ).resolve;
  const bytes = readFileSync(resolve('@jitl/quickjs-wasmfile-release-sync/wasm'));
  return new WebAssembly.Module(new Uint8Array(bytes));
}

serve(await startJavaScript());
