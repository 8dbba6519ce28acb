import type { Bus } from '../bus/bus.ts';
import type { Checkpoint, Task } from '../task/task.ts';

/**
 * Publishes tasks. One that is larger than the transport carries would be refused for ever, and the
 * others of its burst with it: its attempt fails instead.
 */
export function sendTasks(
  bus: Bus,
  tasks: readonly Task[],
  { now, alone }: { readonly now: number; readonly alone: boolean },
): Promise<void> {
  return sendFitting(tasks, {
    send: (some) => bus.publishTasks(some, { alone }),
    instead: (task, error) => bus.publishCheckpoints([unsendable(task, error, now)]),
  });
}

/** Publishes what finished child runs owe their parents; one that is too large says so instead. */
export function sendEnds(bus: Bus, ends: readonly Checkpoint[]): Promise<void> {
  return sendFitting(ends, {
    send: (some) => bus.publishCheckpoints(some),
    instead: (end, error) => {
      const remedy = 'Give it an `output` of less, or store an artifact.';
      const message = `The output of the child run cannot be handed on: ${error.message}. ${remedy}`;
      return bus.publishCheckpoints([{ ...end, outcome: tooLarge(message) }]);
    },
  });
}

interface Ways<T> {
  readonly send: (some: readonly T[]) => Promise<void>;
  readonly instead: (one: T, error: Error) => Promise<void>;
}

/** Halves what is refused until the message is found that is too large. */
async function sendFitting<T>(all: readonly T[], ways: Ways<T>): Promise<void> {
  try {
    await ways.send(all);
  } catch (error) {
    // The bus is a type only here, so its error is known by its name.
    if (!(error instanceof Error) || error.name !== 'MessageTooLargeError') throw error;
    const [one, ...others] = all;
    if (one === undefined) throw error;
    if (others.length === 0) return ways.instead(one, error);
    const middle = Math.ceil(all.length / 2);
    await sendFitting(all.slice(0, middle), ways);
    await sendFitting(all.slice(middle), ways);
  }
}

function unsendable(task: Task, error: Error, now: number): Checkpoint {
  const { id, runId, step, item, attempt } = task;
  const remedy = 'Give the step less data at once, or an artifact.';
  const message = `The task of step "${task.stepId}" cannot be sent: ${error.message}. ${remedy}`;
  const place = { taskId: id, runId, step, item, attempt };
  return { ...place, outcome: tooLarge(message), startedAt: now, finishedAt: now, runner: '' };
}

function tooLarge(message: string): Checkpoint['outcome'] {
  return { kind: 'failed', error: { class: 'hard', code: 'limit', message } };
}
