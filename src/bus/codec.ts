import type { ActivityEntry, Checkpoint, Task } from '../task/task.ts';
import { asOffer, type Offer } from './holding.ts';
import { digestOf, type Subjects } from './subjects.ts';

/** The largest message, encoded, that the bus carries; above its own limit it goes by blob. */
export const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;

const INLINE = 0;
const SPILLED = 1;

/** Bytes that are no message of this kind: a foreign publisher, or one of another version. */
export class MalformedMessageError extends Error {
  override readonly name = 'MalformedMessageError';
  readonly subject: string;

  constructor(subject: string, problem: string) {
    super(`message on ${subject} cannot be read: ${problem}`);
    this.subject = subject;
  }
}

/** The message is larger than the bus carries; sending it again cannot help. */
export class MessageTooLargeError extends Error {
  override readonly name = 'MessageTooLargeError';

  constructor(what: string, bytes: number) {
    super(`${what} takes ${bytes} bytes on the bus; the limit is ${MAX_MESSAGE_BYTES}`);
  }
}

/** What stands in for a message that is kept as a blob. */
export interface Spill {
  readonly digest: string;
}

/** One byte that tells inline from spilled, then JSON. */
export function encode(message: Checkpoint | readonly ActivityEntry[]): Uint8Array {
  return withTag(INLINE, JSON.stringify(message));
}

/** What its subject does not say of a task; what is empty is left out. The server copies it often. */
export function taskText(task: Task): string {
  const { deferred, files } = task;
  return JSON.stringify({
    namespace: task.namespace,
    workflow: task.workflow,
    stepId: task.stepId,
    type: task.type,
    config: task.config,
    timeoutMs: task.timeoutMs,
    idempotencyKey: task.idempotencyKey,
    traceparent: task.traceparent,
    deferred: deferred.length === 0 ? undefined : deferred,
    files: Object.keys(files).length === 0 ? undefined : files,
  });
}

/** One task, as `taskText` has it. */
export function encodeTask(text: string): Uint8Array {
  return withTag(INLINE, text);
}

/** Many tasks in one message, each as JSON text. */
export function encodeTexts(texts: readonly string[]): Uint8Array {
  return withTag(INLINE, `[${texts.join(',')}]`);
}

/** Checkpoints that go straight to a controller, and which tasks their sender has room for. */
export interface Report {
  readonly offer: Offer | null;
  readonly checkpoints: readonly Checkpoint[];
}

/** A report whose checkpoints are JSON texts. */
export function encodeReport(offer: Offer | null, checkpoints: readonly string[]): Uint8Array {
  const list = `[${checkpoints.join(',')}]`;
  return withTag(INLINE, `{"offer":${JSON.stringify(offer)},"checkpoints":${list}}`);
}

/** The name of a blob, in place of the message that the blob holds. */
export function encodeSpill(spill: Spill): Uint8Array {
  return withTag(SPILLED, JSON.stringify(spill));
}

/**
 * The digest under which the real message is kept, or null when these bytes are the message. Throws
 * MalformedMessageError when they are neither, as all that decode do.
 */
export function spillOf(subject: string, bytes: Uint8Array): Spill | null {
  if (bytes[0] !== SPILLED) return null;
  const { digest } = parse(subject, bytes);
  if (typeof digest !== 'string') throw new MalformedMessageError(subject, 'no digest');
  return { digest };
}

/** The tasks of one message. What `taskText` left out is put back: from the subject, or empty. */
export function decodeTasks(subjects: Subjects, subject: string, bytes: Uint8Array): Task[] {
  const body: unknown = parse(subject, bytes);
  const bodies: readonly unknown[] = Array.isArray(body) ? body : [body];
  const named = subjects.tasksOf(subject);
  if (bodies.length !== named.length) {
    const problem = `${bodies.length} tasks, and ${named.length} in the subject`;
    throw new MalformedMessageError(subject, problem);
  }
  return named.map((each, index) => {
    const value = { deferred: [], files: {}, ...(bodies[index] as object), ...each };
    requireFields(subject, value, taskFields);
    return value as unknown as Task;
  });
}

/** The task of a message that holds only one. */
export function decodeTask(subjects: Subjects, subject: string, bytes: Uint8Array): Task {
  const [task, ...others] = decodeTasks(subjects, subject, bytes);
  if (task !== undefined && others.length === 0) return task;
  throw new MalformedMessageError(subject, 'expected one task');
}

/** One checkpoint, as it comes from the stream. */
export function decodeCheckpoint(subject: string, bytes: Uint8Array): Checkpoint {
  const value = parse(subject, bytes);
  requireFields(subject, value, checkpointFields);
  return value as unknown as Checkpoint;
}

/** A report with at least one checkpoint. */
export function decodeReport(subject: string, bytes: Uint8Array): Report {
  const { offer, checkpoints } = parse(subject, bytes);
  if (!Array.isArray(checkpoints) || checkpoints.length === 0) {
    throw new MalformedMessageError(subject, 'expected a list of checkpoints');
  }
  for (const checkpoint of checkpoints) requireFields(subject, checkpoint, checkpointFields);
  return { offer: asOffer(offer), checkpoints: checkpoints as Checkpoint[] };
}

/** Tasks that came straight from a controller, each whole. */
export function decodeHanded(subject: string, bytes: Uint8Array): Task[] {
  const tasks = parse(subject, bytes);
  if (!Array.isArray(tasks)) throw new MalformedMessageError(subject, 'expected a list of tasks');
  for (const task of tasks) {
    requireFields(subject, task, taskFields);
    requireFields(subject, task, taskNames);
  }
  return tasks as Task[];
}

/** The lines of one bundle, possibly none. */
export function decodeActivity(subject: string, bytes: Uint8Array): ActivityEntry[] {
  const value = parse(subject, bytes);
  if (!Array.isArray(value)) throw new MalformedMessageError(subject, 'expected a list');
  for (const entry of value) requireFields(subject, entry, activityFields);
  return value as ActivityEntry[];
}

const taskFields = {
  namespace: 'string',
  workflow: 'string',
  stepId: 'string',
  type: 'string',
  deferred: 'object',
  files: 'object',
  timeoutMs: 'number',
  idempotencyKey: 'string',
} as const;

/** What elsewhere the subject says. */
const taskNames = {
  id: 'string',
  runId: 'string',
  step: 'number',
  item: 'number',
  attempt: 'number',
  queue: 'string',
} as const;

const checkpointFields = {
  taskId: 'string',
  runId: 'string',
  step: 'number',
  item: 'number',
  attempt: 'number',
  outcome: 'object',
  startedAt: 'number',
  finishedAt: 'number',
  runner: 'string',
} as const;

const activityFields = {
  runId: 'string',
  step: 'number',
  item: 'number',
  attempt: 'number',
  at: 'number',
  level: 'string',
  message: 'string',
} as const;

function withTag(tag: number, text: string): Uint8Array {
  // Three bytes for each UTF-16 unit is the most that UTF-8 needs; one pass, one allocation.
  const room = text.length < 4_096 ? text.length * 3 : Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(1 + room);
  bytes[0] = tag;
  const written = bytes.write(text, 1, 'utf8');
  return bytes.subarray(0, 1 + written);
}

function parse(subject: string, bytes: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    value = JSON.parse(text.toString('utf8', 1));
  } catch (error) {
    throw new MalformedMessageError(subject, error instanceof Error ? error.message : 'no JSON');
  }
  if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  throw new MalformedMessageError(subject, 'expected an object');
}

function requireFields(
  subject: string,
  value: unknown,
  fields: { readonly [name: string]: string },
): void {
  const record = value as Record<string, unknown> | null;
  for (const name in fields) {
    const found = record?.[name];
    const expected = fields[name];
    if (typeof found !== expected || found === null) {
      throw new MalformedMessageError(subject, `${name} is no ${expected ?? 'known field'}`);
    }
  }
}

/** The blob is what its name says, or the store or the way to it is broken. */
export function checkDigest(digest: string, bytes: Uint8Array): Uint8Array {
  const found = digestOf(bytes);
  if (found === digest) return bytes;
  throw new Error(`blob ${digest} arrived as ${found}: the bytes were damaged or mixed up`);
}
