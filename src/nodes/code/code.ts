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
  execute: async (context, config) => (await import('./execute.ts')).executeCode(context, config),
};
