import { HardError } from '../src/nodes/errors.ts';
import type { NodeType } from '../src/nodes/node-type.ts';
import { nodeTypes } from '../src/nodes/registry.ts';

/** Asks the ledger how many steps before this one are recorded as completed. */
export type CountCompleted = (runId: string, beforeStep: number) => Promise<number>;

/** When each step of a run began, on this process' clock; only where somebody asked for it. */
export const marks = new Map<string, number[]>();

/**
 * Adds the node type `noop` to the registry of this process, so that the real roles run it: it
 * answers `config.n + 1`. With `config.verify` it first asks the ledger, on a connection of its
 * own, whether every step before it is committed, and fails when one is not.
 */
export function registerNoop(countCompleted: CountCompleted): void {
  const noop: NodeType = {
    type: 'noop',
    title: 'No-op',
    description: 'Does nothing; for benches.',
    configSchema: { type: 'object' },
    runsIn: 'runner',
    timeoutMs: 60_000,
    execute: async ({ task }, config) => {
      marks.get(task.runId)?.push(performance.now());
      const { n, verify } = (config ?? {}) as { n: number; verify?: boolean };
      if (verify === true) await demandCommitted(task, countCompleted);
      return { n: n + 1 };
    },
  };
  (nodeTypes as Map<string, NodeType>).set(noop.type, noop);
}

async function demandCommitted(
  { runId, stepId }: { runId: string; stepId: string },
  countCompleted: CountCompleted,
): Promise<void> {
  const before = Number(stepId.slice(1));
  const found = await countCompleted(runId, before);
  if (found === before) return;
  const message = `${stepId} of run ${runId} began with ${found} of ${before} steps committed`;
  throw new HardError('internal', message);
}
