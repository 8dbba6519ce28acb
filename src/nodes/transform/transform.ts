import type { NodeType } from '../node-type.ts';
import { transformConfig } from './schema.ts';

export const transform: NodeType = {
  type: 'transform',
  title: 'Transform',
  description: 'Makes data from data: its output is the configured value with templates resolved.',
  configSchema: transformConfig,
  runsIn: 'controller',
  timeoutMs: 10_000,
};
