import { onTestFinished } from 'vitest';
import type { Bus } from '../../src/bus/bus.ts';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import type { NodeType } from '../../src/nodes/node-type.ts';
import { type Runner, type RunnerOptions, startRunner } from '../../src/runner/runner.ts';
import type { ActivityEntry, Checkpoint, Task } from '../../src/task/task.ts';
import { sampleTask } from '../bus/samples.ts';
import { until } from '../bus/until.ts';
import { settings } from './fake-node.ts';

export interface Stage {
  readonly bus: Bus;
  readonly runner: Runner;
  readonly checkpoints: Checkpoint[];
  readonly activity: ActivityEntry[];
  readonly logged: { readonly event: string; readonly fields: unknown }[];
  /** Sends a task of this type and resolves with its checkpoint. */
  run(type: string, changes?: Partial<Task>): Promise<Checkpoint>;
  checkpointOf(task: Task): Promise<Checkpoint>;
}

/** A runner with these node types on a bus of its own, and a controller that only listens. */
export async function stage(
  nodeTypes: readonly NodeType[],
  options: Partial<RunnerOptions> = {},
): Promise<Stage> {
  const bus = options.bus ?? createInProcessBus({ freeze: true });
  const logged: { event: string; fields: unknown }[] = [];
  const note = (event: string, fields?: unknown): void => void logged.push({ event, fields });
  const checkpoints: Checkpoint[] = [];
  const activity: ActivityEntry[] = [];
  await bus.consumeCheckpoints({ maxInFlight: 1_000 }, (batch) => {
    for (const delivery of batch) {
      checkpoints.push(delivery.message);
      delivery.ack();
    }
  });
  await bus.consumeActivity({ maxInFlight: 10_000 }, (batch) => {
    for (const delivery of batch) {
      activity.push(delivery.message);
      delivery.ack();
    }
  });
  const runner = await startRunner({
    nodeTypes: new Map(nodeTypes.map((each) => [each.type, each])),
    queues: ['default'],
    concurrency: 10,
    settings,
    secrets: () => undefined,
    id: 'runner-1',
    log: { info: note, warn: note, error: note },
    ...options,
    bus,
  });
  onTestFinished(async () => {
    await runner.stop();
    await bus.close();
  });
  const checkpointOf = async (task: Task): Promise<Checkpoint> => {
    const find = () => checkpoints.find((each) => each.taskId === task.id);
    await until(() => find() !== undefined);
    return find()!;
  };
  const run = async (type: string, changes: Partial<Task> = {}): Promise<Checkpoint> => {
    const task = taskOf(type, changes);
    await bus.publishTasks([task]);
    return checkpointOf(task);
  };
  return { bus, runner, checkpoints, activity, logged, run, checkpointOf };
}

export function taskOf(type: string, changes: Partial<Task> = {}): Task {
  return sampleTask({ type, config: {}, deferred: [], files: {}, ...changes });
}

/** Resolves when the signal fires, as a well-behaved handler does. */
export function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const stop = (): void => reject(new Error('stopped by the signal'));
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop);
  });
}

/** Never settles: a handler that ignores its signal. */
export function deaf(): Promise<never> {
  return new Promise(() => undefined);
}
