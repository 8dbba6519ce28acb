import type { NodeType } from '../node-type.ts';
import { executeCode } from './execute.ts';
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
  execute: executeCode,
};
