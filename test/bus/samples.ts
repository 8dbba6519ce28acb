import { randomUUID } from 'node:crypto';
import type { Json } from '../../src/expr/json.ts';
import type { RunRecord } from '../../src/record/run.ts';
import {
  type ActivityEntry,
  type Checkpoint,
  NO_ITEM,
  type Task,
  taskId,
} from '../../src/task/task.ts';

export function sampleTask(changes: Partial<Task> = {}): Task {
  const runId = changes.runId ?? randomUUID();
  const step = changes.step ?? 0;
  const item = changes.item ?? NO_ITEM;
  const attempt = changes.attempt ?? 1;
  return {
    id: taskId(runId, { step, item, attempt }),
    runId,
    namespace: 'default',
    workflow: 'import-assets',
    step,
    stepId: `step-${step}`,
    item,
    attempt,
    type: 'http',
    queue: 'default',
    config: {
      url: 'https://example.org/ünïcode/🚀',
      retries: 3,
      nested: { list: [1, null, true] },
    },
    deferred: [{ path: ['headers', 'authorization'], parts: [{ secret: 'secrets.key' }] }],
    files: { 'normalise.py': 'ab'.repeat(32) },
    timeoutMs: 30_000,
    idempotencyKey: `${runId}.step-${step}`,
    ...changes,
  };
}

/** Tasks of one run, by their steps in order. */
export function sampleTasks(count: number, changes: Partial<Task> = {}): Task[] {
  const runId = randomUUID();
  return Array.from({ length: count }, (_, step) => sampleTask({ runId, step, ...changes }));
}

export function sampleCheckpoint(output: Json = { ok: true }, task = sampleTask()): Checkpoint {
  return {
    taskId: task.id,
    runId: task.runId,
    step: task.step,
    item: task.item,
    attempt: task.attempt,
    outcome: { kind: 'completed', output },
    startedAt: 1_790_000_000_000,
    finishedAt: 1_790_000_000_123,
    runner: 'runner-1',
  };
}

export function sampleEntry(runId: string, message: string): ActivityEntry {
  return {
    runId,
    step: 0,
    item: NO_ITEM,
    attempt: 1,
    at: 1_790_000_000_000,
    level: 'info',
    message,
  };
}

export function sampleRun(input: Json): RunRecord {
  return {
    id: randomUUID(),
    namespace: 'default',
    workflow: 'import-assets',
    versionId: randomUUID(),
    versionNumber: 1,
    status: 'pending',
    seq: 0,
    input,
    output: null,
    error: null,
    labels: { team: 'a' },
    cause: { kind: 'api', name: 'me' },
    createdBy: 'me',
    createdAt: 1_790_000_000_000,
    startedAt: null,
    finishedAt: null,
    wakeAt: null,
    parent: null,
  };
}
