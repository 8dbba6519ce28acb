import type { JetStreamManager } from '@nats-io/jetstream';
import type { TaskRef } from './bus.ts';
import type { Task, TaskId } from '../task/task.ts';
import { decodeTasks } from './codec.ts';
import { handedOut, isStreamNotFound } from './streams.ts';
import type { Subjects } from './subjects.ts';

/** From so many filters on, listing the whole stream once is cheaper than asking for each. */
const LIST_ALL_FROM = 16;
const REMOVED_AT_ONCE = 64;

/** Answers what the streams hold, by subject. */
export class HeldSubjects {
  private readonly jsm: JetStreamManager;
  private readonly subjects: Subjects;
  /** Stores tasks, each as a message of its own. */
  private readonly store: (tasks: readonly Task[]) => Promise<void>;
  private removing: Promise<void> = Promise.resolve();

  constructor(
    jsm: JetStreamManager,
    subjects: Subjects,
    store: (tasks: readonly Task[]) => Promise<void>,
  ) {
    this.jsm = jsm;
    this.subjects = subjects;
    this.store = store;
  }

  /**
   * The tasks that are neither queued nor worked on, and whose checkpoint does not wait for a
   * controller either: sending such a one again would only run it twice.
   */
  async missing(refs: readonly TaskRef[]): Promise<TaskRef[]> {
    // Tasks first: a runner stores the checkpoint before it acknowledges the task.
    const tasks = await this.messagesOf(refs);
    const gone = refs.filter(({ id }) => !tasks.has(id));
    if (gone.length === 0) return gone;
    const reported = await this.reported(gone);
    return gone.filter(({ id }) => !reported.has(this.subjects.checkpoint({ taskId: id })));
  }

  /**
   * Takes these tasks out of the stream. One message by its number after the other: a purge by
   * subject makes nats-server 2.9 forget to hand out the tasks that are queued beside them. One
   * call after the other, as two may find tasks of theirs in the same message.
   */
  remove(refs: readonly TaskRef[]): Promise<void> {
    const removed = this.removing.then(() => this.removeNow(refs));
    this.removing = removed.catch(() => undefined);
    return removed;
  }

  private async removeNow(refs: readonly TaskRef[]): Promise<void> {
    const messages = await this.messagesOf(refs);
    const ids = new Set(refs.map(({ id }) => id));
    const subjects = [...new Set(refs.flatMap(({ id }) => messages.get(id) ?? []))];
    for (let from = 0; from < subjects.length; from += REMOVED_AT_ONCE) {
      const some = subjects.slice(from, from + REMOVED_AT_ONCE);
      await Promise.all(some.map((subject) => this.removeOne(subject, ids)));
    }
  }

  /** A bundle that a runner has stays: the runner knows best which of its tasks are to end. */
  private async removeOne(subject: string, ids: ReadonlySet<TaskId>): Promise<void> {
    const { jsm, subjects } = this;
    const stream = subjects.taskStream;
    const message = await jsm.streams.getMessage(stream, { last_by_subj: subject });
    if (message === null) return;
    const isBundle = subjects.isBundle(subject);
    if (isBundle && (await this.isHandedOut(subject, message.seq))) return;
    try {
      await jsm.streams.deleteMessage(stream, message.seq, false);
    } catch (error) {
      // Acknowledged since then, which takes it out as well.
      const left = await jsm.streams.getMessage(stream, { last_by_subj: subject });
      if (left?.seq === message.seq) throw error;
      return;
    }
    if (!isBundle) return;
    const others = decodeTasks(subjects, subject, message.data).filter(({ id }) => !ids.has(id));
    // Handed out since then, a runner has all of it. Should that one die, the others are missing.
    if (others.length > 0 && !(await this.isHandedOut(subject, message.seq))) {
      await this.store(others);
    }
  }

  private async isHandedOut(subject: string, seq: number): Promise<boolean> {
    const { jsm, subjects } = this;
    return seq <= (await handedOut(jsm, subjects.taskStream, subjects.consumerOf(subject)));
  }

  /** By task: the subject of the message that holds it. */
  private async messagesOf(refs: readonly TaskRef[]): Promise<ReadonlyMap<TaskId, string>> {
    const { subjects } = this;
    const runs = new Set(refs.map(({ queue, runId }) => subjects.runTasks(queue, runId)));
    const filters =
      runs.size < LIST_ALL_FROM ? [...runs, subjects.allBundles] : [subjects.allTasks];
    const wanted = new Set(refs.map(({ id }) => id));
    const messages = new Map<TaskId, string>();
    for (const subject of await this.list(subjects.taskStream, filters)) {
      for (const { id } of subjects.tasksOf(subject)) {
        if (wanted.has(id)) messages.set(id, subject);
      }
    }
    return messages;
  }

  /** The subjects of these runs' checkpoints. */
  private async reported(refs: readonly TaskRef[]): Promise<ReadonlySet<string>> {
    const { subjects } = this;
    const runs = new Set(refs.map(({ runId }) => subjects.runCheckpoints(runId)));
    const filters = runs.size < LIST_ALL_FROM ? [...runs] : [subjects.allCheckpoints];
    return new Set(await this.list(subjects.checkpointStream, filters));
  }

  private async list(stream: string, filters: readonly string[]): Promise<string[]> {
    const lists = await Promise.all(
      filters.map(async (filter) => {
        try {
          const { state } = await this.jsm.streams.info(stream, { subjects_filter: filter });
          return Object.keys(state.subjects ?? {});
        } catch (error) {
          // A stream that is gone holds nothing; the next publish creates it again.
          if (isStreamNotFound(error)) return [];
          throw error;
        }
      }),
    );
    return lists.flat();
  }
}
