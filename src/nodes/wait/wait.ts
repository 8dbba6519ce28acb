import type { NodeType } from '../node-type.ts';
import { waitConfig } from './schema.ts';

export const wait: NodeType = {
  type: 'wait',
  title: 'Wait',
  description:
    'A durable timer: survives restarts and holds no process while it waits. Either for a ' +
    'duration or until a moment.',
  configSchema: waitConfig,
  runsIn: 'controller',
  timeoutMs: 366 * 24 * 3_600_000,
};
