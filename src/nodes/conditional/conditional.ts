import type { NodeType } from '../node-type.ts';
import { conditionalConfig } from './schema.ts';

export const conditional: NodeType = {
  type: 'conditional',
  title: 'Conditional',
  description:
    'Takes one of two edges by a condition. The step at the other edge, and all that needs only ' +
    'it, is skipped.',
  configSchema: conditionalConfig,
  runsIn: 'controller',
  timeoutMs: 10_000,
};
