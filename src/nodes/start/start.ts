import type { NodeType } from '../node-type.ts';
import { startConfig } from './schema.ts';

export const start: NodeType = {
  type: 'start',
  title: 'Start',
  description:
    'Marks where a graph begins. Its output is the run’s input, so that steps after it may read it.',
  configSchema: startConfig,
  runsIn: 'controller',
  timeoutMs: 10_000,
};
