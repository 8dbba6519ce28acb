import type { NodeType } from '../node-type.ts';
import { codeConfig } from './schema.ts';

export const code: NodeType = {
  type: 'code',
  title: 'Code',
  description:
    'Calls a Python or JavaScript function; what it returns is the output of the step. Sandboxed ' +
    'in WebAssembly: no host, no network, no environment, limited memory and time. An exception is ' +
    'a hard error with a traceback, unless the code raises `RetryableError`.',
  configSchema: codeConfig,
  runsIn: 'runner',
  fileKeys: ['file', 'files'],
  verbatimKeys: ['code'],
  timeoutMs: 60_000,
  // Loaded at first use: what only describes the type should start fast.
  execute: async (context, config) => (await load()).executeCode(context, config),
};

let loaded: Promise<typeof import('./execute.ts')> | undefined;

function load(): Promise<typeof import('./execute.ts')> {
  loaded ??= import('./execute.ts');
  return loaded;
}

/** Ends the sandboxes of code steps, if any step has started one. */
export async function endCode(): Promise<void> {
  if (loaded !== undefined) (await loaded).closeCode();
}
