import type { NodeType } from '../node-type.ts';
import { switchConfig } from './schema.ts';

export const switchNode: NodeType = {
  type: 'switch',
  title: 'Switch',
  description:
    'Takes the edge whose case equals a value, or the default edge. Steps at the other edges, and ' +
    'all that needs only them, are skipped.',
  configSchema: switchConfig,
  runsIn: 'controller',
  timeoutMs: 10_000,
};
