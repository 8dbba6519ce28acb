import type { JetStreamManager } from '@nats-io/jetstream';
import type { TaskRef } from './bus.ts';
import { isStreamNotFound } from './streams.ts';
import type { Subjects } from './subjects.ts';

/** From so many groups on, listing the whole stream once is cheaper than asking for each. */
const LIST_ALL_FROM = 16;
const REMOVED_AT_ONCE = 64;

/** What a task is called in one of the streams. */
interface Kind {
  readonly stream: string;
  readonly all: string;
  readonly subjectOf: (ref: TaskRef) => string;
  /** A filter that matches all of the run. */
  readonly groupOf: (ref: TaskRef) => string;
}

/** Answers what the streams hold, by subject. */
export class HeldSubjects {
  private readonly jsm: JetStreamManager;
  private readonly tasks: Kind;
  private readonly checkpoints: Kind;

  constructor(jsm: JetStreamManager, subjects: Subjects) {
    this.jsm = jsm;
    this.tasks = {
      stream: subjects.taskStream,
      all: subjects.allTasks,
      subjectOf: (ref) => subjects.task(ref),
      groupOf: (ref) => subjects.runTasks(ref.queue, ref.runId),
    };
    this.checkpoints = {
      stream: subjects.checkpointStream,
      all: subjects.allCheckpoints,
      subjectOf: (ref) => subjects.checkpoint({ taskId: ref.id }),
      groupOf: (ref) => subjects.runCheckpoints(ref.runId),
    };
  }

  /**
   * The tasks that are neither queued nor worked on, and whose checkpoint does not wait for a
   * controller either: sending such a one again would only run it twice.
   */
  async missing(refs: readonly TaskRef[]): Promise<TaskRef[]> {
    // Tasks first: a runner stores the checkpoint before it acknowledges the task.
    const tasks = await this.held(this.tasks, refs);
    const gone = refs.filter((ref) => !tasks.has(this.tasks.subjectOf(ref)));
    if (gone.length === 0) return gone;
    const reported = await this.held(this.checkpoints, gone);
    return gone.filter((ref) => !reported.has(this.checkpoints.subjectOf(ref)));
  }

  /**
   * Takes these tasks out of the stream, whoever holds them. One by one by their number: a purge by
   * subject makes nats-server 2.9 forget to hand out the tasks that are queued beside them.
   */
  async remove(refs: readonly TaskRef[]): Promise<void> {
    const { stream, subjectOf } = this.tasks;
    const held = await this.held(this.tasks, refs);
    const subjects = refs.map(subjectOf).filter((subject) => held.has(subject));
    for (let from = 0; from < subjects.length; from += REMOVED_AT_ONCE) {
      const some = subjects.slice(from, from + REMOVED_AT_ONCE);
      await Promise.all(some.map((subject) => this.removeOne(stream, subject)));
    }
  }

  private async removeOne(stream: string, subject: string): Promise<void> {
    const message = await this.jsm.streams.getMessage(stream, { last_by_subj: subject });
    if (message === null) return;
    try {
      await this.jsm.streams.deleteMessage(stream, message.seq, false);
    } catch (error) {
      // Acknowledged since then, which takes it out as well.
      const left = await this.jsm.streams.getMessage(stream, { last_by_subj: subject });
      if (left?.seq === message.seq) throw error;
    }
  }

  private async held(kind: Kind, refs: readonly TaskRef[]): Promise<ReadonlySet<string>> {
    const groups = new Set(refs.map(kind.groupOf));
    const filters = groups.size >= LIST_ALL_FROM ? [kind.all] : [...groups];
    const lists = await Promise.all(filters.map((filter) => this.list(kind.stream, filter)));
    return new Set(lists.flat());
  }

  private async list(stream: string, filter: string): Promise<string[]> {
    try {
      const { state } = await this.jsm.streams.info(stream, { subjects_filter: filter });
      return Object.keys(state.subjects ?? {});
    } catch (error) {
      // A stream that is gone holds nothing; the next publish creates it again.
      if (isStreamNotFound(error)) return [];
      throw error;
    }
  }
}
