import type { Task, TaskId } from '../task/task.ts';
import type { Outgoing } from './burst-publisher.ts';
import { encodeTask, encodeTexts, taskText } from './codec.ts';
import type { Subjects } from './subjects.ts';

/**
 * Tasks in one message, at most. A stored message costs the server 17 to 20 and its sender and
 * receiver 10 µs, whatever is in it; with more than 16 there is nothing left to save.
 */
const MAX_TASKS = 16;
/** A burst makes at least so many messages of a queue, for as many runners to share. */
const MIN_MESSAGES = 8;
/** Bytes of several tasks in one message. */
const MAX_BYTES = 192 * 1024;
/** UTF-8 takes at most so many for each UTF-16 unit. */
const BYTES_OF_UNIT = 3;

/** Tasks as messages: those of one queue several together, unless each is to be `alone`. */
export function taskMessages(
  subjects: Subjects,
  tasks: readonly Task[],
  limits: { readonly alone: boolean; readonly maxBytes: number },
): Outgoing[] {
  const maxText = Math.min(MAX_BYTES, limits.maxBytes) / BYTES_OF_UNIT;
  const queues = Map.groupBy(tasks, ({ queue }) => queue);
  return [...queues].flatMap(([queue, some]) => {
    const share = Math.floor(some.length / MIN_MESSAGES);
    const most = limits.alone ? 1 : Math.min(MAX_TASKS, share);
    return bundlesOf(some, { most, maxText }).map(({ ids, texts }) => {
      return ids.length === 1
        ? { subject: subjects.task({ id: ids[0], queue }), body: encodeTask(texts[0]) }
        : { subject: subjects.bundle(queue, ids), body: encodeTexts(texts) };
    });
  });
}

interface Bundle {
  readonly ids: [TaskId, ...TaskId[]];
  readonly texts: [string, ...string[]];
  length: number;
}

function bundlesOf(
  tasks: readonly Task[],
  { most, maxText }: { readonly most: number; readonly maxText: number },
): Bundle[] {
  const bundles: Bundle[] = [];
  let open: Bundle | null = null;
  for (const task of tasks) {
    const text = taskText(task);
    if (open === null || open.ids.length >= most || open.length + text.length > maxText) {
      open = { ids: [task.id], texts: [text], length: text.length };
      bundles.push(open);
    } else {
      open.ids.push(task.id);
      open.texts.push(text);
      open.length += text.length;
    }
  }
  return bundles;
}
