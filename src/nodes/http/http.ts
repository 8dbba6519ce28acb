import type { NodeType } from '../node-type.ts';
import { httpConfig, httpOutput } from './schema.ts';

export const http: NodeType = {
  type: 'http',
  title: 'HTTP request',
  description:
    'Makes one HTTP request and returns `{status, headers, body, url, durationMs}`. Private, ' +
    'loopback and link-local addresses are refused unless the operator allows them. 408, 425, 429, ' +
    '5xx and connection faults are retryable; other 4xx are hard errors.',
  configSchema: httpConfig,
  outputSchema: httpOutput,
  runsIn: 'runner',
  fileKeys: ['bodyFile', 'files'],
  timeoutMs: 30_000,
  // Loaded at first use: what only describes the type should start fast.
  execute: async (context, config) => (await import('./execute.ts')).executeHttp(context, config),
};
