import type { NodeType } from '../node-type.ts';
import { endConfig } from './schema.ts';

export const end: NodeType = {
  type: 'end',
  title: 'End',
  description: 'Marks where a graph ends. It does nothing.',
  configSchema: endConfig,
  runsIn: 'controller',
  timeoutMs: 10_000,
};
