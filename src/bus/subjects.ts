import { createHash } from 'node:crypto';
import type { ActivityEntry, Checkpoint, Task, TaskId } from '../task/task.ts';
import type { TaskRef } from './bus.ts';

type SubjectOfTask = Pick<Task, 'id' | 'runId' | 'step' | 'item' | 'attempt' | 'queue'>;

/** In place of a run's id: what follows are several tasks, four tokens each. */
const BUNDLE = '+';
const TOKENS_OF_TASK = 4;

/**
 * The names of everything in NATS, under one prefix. The subject of a message with tasks names each
 * of them: whether the stream holds one, and where, are questions about subjects alone.
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

  /** Several tasks of one queue in one message. */
  bundle(queue: string, ids: readonly TaskId[]): string {
    return `${this.prefix}.tasks.${queueToken(queue)}.${BUNDLE}.${ids.join('.')}`;
  }

  isBundle(subject: string): boolean {
    return subject.includes(`.${BUNDLE}.`);
  }

  /** What a subject says of the tasks in its message, in their order. */
  tasksOf(subject: string): SubjectOfTask[] {
    const [, , queueName = '', ...rest] = subject.split('.');
    const queue = queueOf(queueName);
    const tokens = rest[0] === BUNDLE ? rest.slice(1) : rest;
    const count = Math.ceil(tokens.length / TOKENS_OF_TASK);
    return Array.from({ length: count }, (_, index) => {
      const id = tokens.slice(index * TOKENS_OF_TASK, (index + 1) * TOKENS_OF_TASK);
      const [runId = '', step, item, attempt] = id;
      const numbers = { step: Number(step), item: Number(item), attempt: Number(attempt) };
      return { id: id.join('.'), runId, ...numbers, queue };
    });
  }

  /** The consumer that reads this subject of a task. */
  consumerOf(subject: string): string {
    return subject.split('.')[2] ?? '';
  }

  queueTasks(queue: string): string {
    return `${this.prefix}.tasks.${queueToken(queue)}.>`;
  }

  runTasks(queue: string, runId: string): string {
    return `${this.prefix}.tasks.${queueToken(queue)}.${runId}.>`;
  }

  get allBundles(): string {
    return `${this.prefix}.tasks.*.${BUNDLE}.>`;
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

  /** Tasks straight to one runner. */
  handed(taker: string): string {
    return `${this.prefix}.handed.${taker}`;
  }

  /** What runners hold of those: their word, and the question for it. */
  get holding(): string {
    return this.signal('holding');
  }

  get whoHolds(): string {
    return this.signal('who-holds');
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
