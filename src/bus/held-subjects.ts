import type { JetStreamManager } from '@nats-io/jetstream';
import type { TaskRef } from './bus.ts';
import type { Task, TaskId } from '../task/task.ts';
import { decodeTasks } from './codec.ts';
import type { HandedTasks } from './handed-tasks.ts';
import { handedOut, isStreamNotFound } from './streams.ts';
import type { Subjects } from './subjects.ts';

/** From so many filters on, listing the whole stream once is cheaper than asking for each. */
const LIST_ALL_FROM = 16;
const REMOVED_AT_ONCE = 64;

interface Held {
  readonly ids: ReadonlySet<TaskId>;
  readonly subjects: readonly string[];
}

/** Answers what the streams hold, by subject. */
export class HeldSubjects {
  private readonly jsm: JetStreamManager;
  private readonly subjects: Subjects;
  /** Stores tasks, each as a message of its own. */
  private readonly store: (tasks: readonly Task[]) => Promise<void>;
  private readonly handed: HandedTasks;
  private removing: Promise<void> = Promise.resolve();
  /** What is to be removed after that, all together, and when it has been. */
  private toRemove: TaskRef[] = [];
  private nextRemoval: Promise<void> | null = null;

  constructor(
    jsm: JetStreamManager,
    subjects: Subjects,
    ways: {
      readonly store: (tasks: readonly Task[]) => Promise<void>;
      readonly handed: HandedTasks;
    },
  ) {
    this.jsm = jsm;
    this.subjects = subjects;
    this.store = ways.store;
    this.handed = ways.handed;
  }

  /**
   * The tasks that are neither queued nor worked on, and whose checkpoint does not wait for a
   * controller either: sending such a one again would only run it twice.
   */
  async missing(refs: readonly TaskRef[]): Promise<TaskRef[]> {
    // Checkpoints last: a runner stores one before it lets go of its task.
    const { handed } = this;
    const open = refs.filter(({ id }) => !handed.has(id));
    if (open.length === 0) return open;
    const held = await this.heldOf(open);
    const unheld = open.filter(({ id }) => !held.ids.has(id));
    if (unheld.length === 0) return unheld;
    const withRunners = await handed.find(unheld);
    const nowhere = unheld.filter(({ id }) => !withRunners.has(id));
    if (nowhere.length === 0) return nowhere;
    // What a runner has given back meanwhile is in the stream by now.
    const givenBack = await this.heldOf(nowhere);
    const gone = nowhere.filter(({ id }) => !givenBack.ids.has(id));
    if (gone.length === 0) return gone;
    const reported = await this.reported(gone);
    return gone.filter(({ id }) => !reported.has(this.subjects.checkpoint({ taskId: id })));
  }

  /**
   * Takes these tasks out of the stream. One message by its number after the other: a purge by
   * subject makes nats-server 2.9 forget to hand out the tasks that are queued beside them. One
   * removal after the other, as two calls may find tasks of theirs in the same message; what is
   * asked for meanwhile is one removal.
   */
  remove(refs: readonly TaskRef[]): Promise<void> {
    for (const ref of refs) this.toRemove.push(ref);
    if (this.nextRemoval === null) {
      this.nextRemoval = this.removing.then(() => this.removeNow());
      this.removing = this.nextRemoval.catch(() => undefined);
    }
    return this.nextRemoval;
  }

  private async removeNow(): Promise<void> {
    const refs = this.toRemove;
    this.toRemove = [];
    this.nextRemoval = null;
    const { ids, subjects } = await this.heldOf(refs);
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

  /** Which of these are held, and in which messages: one that was given back may be in two. */
  private async heldOf(refs: readonly TaskRef[]): Promise<Held> {
    const { subjects } = this;
    const runs = new Set(refs.map(({ queue, runId }) => subjects.runTasks(queue, runId)));
    const filters =
      runs.size < LIST_ALL_FROM ? [...runs, subjects.allBundles] : [subjects.allTasks];
    const wanted = new Set(refs.map(({ id }) => id));
    const held = { ids: new Set<TaskId>(), subjects: [] as string[] };
    for (const subject of await this.list(subjects.taskStream, filters)) {
      const found = subjects.tasksOf(subject).filter(({ id }) => wanted.has(id));
      if (found.length > 0) held.subjects.push(subject);
      for (const { id } of found) held.ids.add(id);
    }
    return held;
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
