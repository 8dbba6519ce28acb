import type { JetStreamManager } from '@nats-io/jetstream';
import type { TaskRef } from './bus.ts';
import { isStreamNotFound } from './streams.ts';
import type { Subjects } from './subjects.ts';

/** From so many groups on, listing the whole stream once is cheaper than asking for each. */
const LIST_ALL_FROM = 16;
const PURGES_AT_ONCE = 64;

/** Answers what the streams hold, by subject. */
export class HeldSubjects {
  private readonly jsm: JetStreamManager;
  private readonly subjects: Subjects;

  constructor(jsm: JetStreamManager, subjects: Subjects) {
    this.jsm = jsm;
    this.subjects = subjects;
  }

  /**
   * The tasks that are neither queued nor worked on, and whose checkpoint does not wait for a
   * controller either: sending such a one again would only run it twice.
   */
  async missing(refs: readonly TaskRef[]): Promise<TaskRef[]> {
    const { subjects } = this;
    // Tasks first: a runner stores the checkpoint before it acknowledges the task.
    const tasks = await this.held(subjects.taskStream, subjects.allTasks, refs, (ref) =>
      subjects.runTasks(ref.queue, ref.runId),
    );
    const gone = refs.filter((ref) => !tasks.has(subjects.task(ref)));
    if (gone.length === 0) return gone;
    const { checkpointStream, allCheckpoints } = subjects;
    const reported = await this.held(checkpointStream, allCheckpoints, gone, (ref) =>
      subjects.runCheckpoints(ref.runId),
    );
    return gone.filter((ref) => !reported.has(subjects.checkpoint(checkpointRef(ref))));
  }

  /** Takes these tasks out of the stream, whoever holds them. */
  async purge(refs: readonly TaskRef[]): Promise<void> {
    const { subjects } = this;
    const held = await this.held(subjects.taskStream, subjects.allTasks, refs, (ref) =>
      subjects.runTasks(ref.queue, ref.runId),
    );
    const filters = refs.map((ref) => subjects.task(ref)).filter((subject) => held.has(subject));
    for (let from = 0; from < filters.length; from += PURGES_AT_ONCE) {
      const some = filters.slice(from, from + PURGES_AT_ONCE);
      await Promise.all(
        some.map((filter) => this.jsm.streams.purge(subjects.taskStream, { filter })),
      );
    }
  }

  private async held(
    stream: string,
    all: string,
    refs: readonly TaskRef[],
    groupOf: (ref: TaskRef) => string,
  ): Promise<ReadonlySet<string>> {
    const groups = new Set(refs.map(groupOf));
    const filters = groups.size >= LIST_ALL_FROM ? [all] : [...groups];
    const lists = await Promise.all(filters.map((filter) => this.list(stream, filter)));
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

function checkpointRef(ref: TaskRef): { readonly taskId: string; readonly runId: string } {
  return { taskId: ref.id, runId: ref.runId };
}
