import type { Task } from '../task/task.ts';
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
/** Text of several tasks in one message, characters. */
const MAX_TEXT = 64 * 1024;

/** Tasks as messages: those of one queue several together, unless each is to be `alone`. */
export function taskMessages(
  subjects: Subjects,
  tasks: readonly Task[],
  alone: boolean,
): Outgoing[] {
  const message = ({ tasks: some, texts }: Bundle): Outgoing => {
    const [task, ...others] = some;
    if (task !== undefined && others.length === 0) {
      return { subject: subjects.task(task), body: encodeTask(texts[0] ?? '') };
    }
    const ids = some.map(({ id }) => id);
    return { subject: subjects.bundle(task?.queue ?? '', ids), body: encodeTexts(texts) };
  };
  if (alone || tasks.length < 2 * MIN_MESSAGES) return bundlesOf(tasks, 1).map(message);
  const queues = Map.groupBy(tasks, ({ queue }) => queue);
  return [...queues.values()].flatMap((some) => {
    const most = Math.min(MAX_TASKS, Math.floor(some.length / MIN_MESSAGES));
    return bundlesOf(some, most).map(message);
  });
}

interface Bundle {
  readonly tasks: Task[];
  readonly texts: string[];
  length: number;
}

function bundlesOf(tasks: readonly Task[], most: number): Bundle[] {
  const bundles: Bundle[] = [];
  let open: Bundle | null = null;
  for (const task of tasks) {
    const text = taskText(task);
    if (open === null || open.tasks.length >= most || open.length + text.length > MAX_TEXT) {
      open = { tasks: [], texts: [], length: 0 };
      bundles.push(open);
    }
    open.tasks.push(task);
    open.texts.push(text);
    open.length += text.length;
  }
  return bundles;
}
