import { HardError, RetryableError } from '../src/nodes/errors.ts';
import type { NodeType } from '../src/nodes/node-type.ts';
import { nodeTypes } from '../src/nodes/registry.ts';

/** Adds the node type `flaky`: its first `config.failures` attempts fail, `hard` or to be retried. */
export function registerFlaky(): void {
  const flaky: NodeType = {
    type: 'flaky',
    title: 'Flaky',
    description: 'Fails so many times; for the soak.',
    configSchema: { type: 'object' },
    runsIn: 'runner',
    timeoutMs: 60_000,
    execute: (context, config) => {
      const { task } = context;
      const { failures = 0, hard = false } = (config ?? {}) as {
        failures?: number;
        hard?: boolean;
      };
      context.log('info', `attempt ${task.attempt}`);
      if (task.attempt > failures) return Promise.resolve({ n: task.attempt });
      const message = `attempt ${task.attempt} of ${failures} that fail`;
      if (hard) throw new HardError('internal', message);
      throw new RetryableError('transient', message);
    },
  };
  (nodeTypes as Map<string, NodeType>).set(flaky.type, flaky);
}
