import type { NodeType } from '../node-type.ts';
import { workflowConfig } from './schema.ts';

export const workflow: NodeType = {
  type: 'workflow',
  title: 'Workflow',
  description:
    'Starts a child run of another workflow and waits for its end, durably. The child’s output is ' +
    'the output of the step; a child that fails or is cancelled fails the step.',
  configSchema: workflowConfig,
  runsIn: 'controller',
  timeoutMs: 7 * 24 * 3_600_000,
};
