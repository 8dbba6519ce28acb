import { createHash } from 'node:crypto';
import type { ActivityEntry, Checkpoint, Task } from '../task/task.ts';
import type { TaskRef } from './bus.ts';

type SubjectOfTask = Pick<Task, 'id' | 'runId' | 'step' | 'item' | 'attempt' | 'queue'>;

/**
 * The names of everything in NATS, under one prefix. A task's subject is its identity: whether the
 * stream holds it, and taking it out, are questions about its subject alone.
 */
export class Subjects {
  readonly prefix: string;
  readonly taskStream: string;
  readonly checkpointStream: string;
  readonly activityStream: string;
  readonly allTasks: string;
  readonly allCheckpoints: string;
  readonly allActivity: string;

  constructor(prefix: string) {
    this.prefix = prefix;
    const upper = prefix.toUpperCase();
    this.taskStream = `${upper}_TASKS`;
    this.checkpointStream = `${upper}_CHECKPOINTS`;
    this.activityStream = `${upper}_ACTIVITY`;
    this.allTasks = `${prefix}.tasks.>`;
    this.allCheckpoints = `${prefix}.checkpoints.>`;
    this.allActivity = `${prefix}.activity.>`;
  }

  task(ref: Pick<TaskRef, 'id' | 'queue'>): string {
    return `${this.prefix}.tasks.${queueToken(ref.queue)}.${ref.id}`;
  }

  /** What a task's subject says of it. */
  taskOf(subject: string): SubjectOfTask {
    const tokens = subject.split('.');
    const id = tokens.slice(-4);
    const [runId = '', step, item, attempt] = id;
    const numbers = { step: Number(step), item: Number(item), attempt: Number(attempt) };
    return { id: id.join('.'), runId, ...numbers, queue: queueOf(tokens.at(-5) ?? '') };
  }

  queueTasks(queue: string): string {
    return `${this.prefix}.tasks.${queueToken(queue)}.>`;
  }

  runTasks(queue: string, runId: string): string {
    return `${this.prefix}.tasks.${queueToken(queue)}.${runId}.>`;
  }

  checkpoint(checkpoint: Pick<Checkpoint, 'taskId'>): string {
    return `${this.prefix}.checkpoints.${checkpoint.taskId}`;
  }

  runCheckpoints(runId: string): string {
    return `${this.prefix}.checkpoints.${runId}.>`;
  }

  activity(entry: Pick<ActivityEntry, 'runId'>): string {
    return `${this.prefix}.activity.${entry.runId}`;
  }

  /** The stream that keeps messages of this subject. */
  streamOf(subject: string): string {
    if (subject.startsWith(`${this.prefix}.tasks.`)) return this.taskStream;
    if (subject.startsWith(`${this.prefix}.checkpoints.`)) return this.checkpointStream;
    return this.activityStream;
  }

  /** Checkpoints straight to one controller. */
  report(recorder: string): string {
    return `${this.prefix}.reports.${recorder}`;
  }

  get presence(): string {
    return this.signal('presence');
  }

  signal(kind: string): string {
    return `${this.prefix}.signals.${kind}`;
  }

  blob(operation: 'get' | 'put'): string {
    return `${this.prefix}.blobs.${operation}`;
  }
}

/** A queue's name as one token of a subject and as a consumer's name. One to one. */
export function queueToken(queue: string): string {
  if (/^[A-Za-z0-9_-]+$/.test(queue)) return queue;
  return `=${Buffer.from(queue, 'utf8').toString('hex')}`;
}

function queueOf(token: string): string {
  return token.startsWith('=') ? Buffer.from(token.slice(1), 'hex').toString('utf8') : token;
}

/** The name of bytes in the blob store. */
export function digestOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}
