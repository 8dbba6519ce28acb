import type { AttemptRef } from '../engine/decision.ts';
import { prepareTask } from '../engine/prepare.ts';
import { outstanding } from '../engine/outstanding.ts';
import type { Bus, TaskRef } from '../bus/bus.ts';
import { type Checkpoint, type Outcome, type Task, taskId } from '../task/task.ts';
import type { Announcer } from './announcer.ts';
import type { Clock, Ledger, Log } from './ports.ts';
import type { MovedRun } from './run-batch.ts';
import type { CachedRun } from './run-cache.ts';
import { sendEnds, sendTasks } from './send-fitting.ts';

export interface EffectParts {
  readonly bus: Bus;
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly announcer: Announcer;
  /** Has these runs looked at: new children, or runs with a new request. */
  readonly wake: (runIds: readonly string[], hasRequests: boolean) => void;
  /** Has these runs rechecked before long: what was recorded could not all be set in motion. */
  readonly failed: (error: unknown, runIds: readonly string[]) => void;
  /** The transport has taken something. */
  readonly sent: () => void;
  /** Somebody else has moved these runs on: what is known of them here is old. */
  readonly outdated: (runIds: readonly string[]) => void;
}

/** Tasks that are to be executed. */
export interface TasksToSend {
  readonly first: readonly Task[];
  /** Sent before, as it seems, and lost. */
  readonly again: readonly Task[];
}

/**
 * Sets in motion what has been recorded, with these tasks (`tasksToSend`). All of it is on its way
 * when this returns, and taken by the transport when the promise resolves. Where that fails all of
 * it is repeated by a recheck, so an error goes no further.
 */
export function carryOut(
  parts: EffectParts,
  moved: readonly MovedRun[],
  { first, again }: TasksToSend,
): Promise<void> {
  stopAttempts(parts, moved);
  const sending: Promise<void>[] = [];
  const now = parts.clock.now();
  if (first.length > 0) sending.push(sendTasks(parts.bus, first, { now, alone: false }));
  if (again.length > 0) sending.push(sendTasks(parts.bus, again, { now, alone: true }));
  const ends = moved.flatMap(({ run }) => childEnd(run));
  if (ends.length > 0) sending.push(sendEnds(parts.bus, ends));
  tellOthers(parts, moved);
  if (sending.length === 0) return Promise.resolve();
  return Promise.all(sending).then(parts.sent, (error: unknown) => fail(parts, moved, error));
}

function fail(parts: EffectParts, moved: readonly MovedRun[], error: unknown): void {
  parts.failed(error, moved.map(idOfRun));
}

function tellOthers(parts: EffectParts, moved: readonly MovedRun[]): void {
  const children = moved.flatMap((each) => each.change.children.map(({ id }) => id));
  if (children.length > 0) parts.wake(children, false);
  const asked = moved.flatMap((each) => each.change.asked.map(({ runId }) => runId));
  if (asked.length > 0) parts.wake(asked, true);
  const changed = moved.filter((each) => each.moved.recorded.length > 0);
  const ended = changed.filter(({ change }) => change.finishedAt !== null);
  parts.announcer.changed(changed.map(idOfRun), ended.map(idOfRun));
}

function idOfRun({ run }: MovedRun): string {
  return run.record.id;
}

/** What these runs want executed and no runner or queue has; nothing when that cannot be told. */
export async function tasksToSend(
  parts: EffectParts,
  moved: readonly MovedRun[],
): Promise<TasksToSend> {
  const first: Task[] = [];
  const doubtful: Task[] = [];
  for (const each of moved) {
    // What a run from the record has under way is not known: ask before sending anything twice.
    (each.run.isFresh ? doubtful : first).push(...each.moved.tasks);
    if (each.isRecheck && !each.run.isFresh) doubtful.push(...underWay(each.run, each.moved.tasks));
    each.run.isFresh = false;
  }
  if (doubtful.length === 0) return { first, again: [] };
  try {
    return { first, again: await missingOf(parts, moved, doubtful) };
  } catch (error) {
    fail(parts, moved, error);
    return { first, again: [] };
  }
}

/**
 * The doubtful tasks that are really to be sent. A task leaves the transport once its checkpoint
 * is recorded; so if the run has moved on by then, somebody else has recorded it.
 */
async function missingOf(
  parts: EffectParts,
  moved: readonly MovedRun[],
  doubtful: readonly Task[],
): Promise<Task[]> {
  const missing = new Set(
    (await parts.bus.missingTasks(doubtful.map(taskRef))).map(({ id }) => id),
  );
  if (missing.size === 0) return [];
  const open = doubtful.filter((task) => missing.has(task.id));
  const runIds = [...new Set(open.map((task) => task.runId))];
  const now = await parts.ledger.currentSeqs(runIds);
  const known = new Map(moved.map(({ run }) => [run.record.id, run.seq]));
  const outdated = new Set(runIds.filter((runId) => now.get(runId) !== known.get(runId)));
  if (outdated.size > 0) parts.outdated([...outdated]);
  return open.filter(({ runId }) => !outdated.has(runId));
}

/** Tasks that this run believes to be with a runner, made anew. */
function underWay(run: CachedRun, sent: readonly Task[]): Task[] {
  const justSent = new Set(sent.map((task) => task.id));
  return outstanding(run.program, run.state).flatMap((ref) => {
    if (justSent.has(idOf(run, ref))) return [];
    const prepared = prepareTask(run.program, run.state, ref);
    return prepared.ok ? [prepared.task] : [];
  });
}

function taskRef({ id, runId, queue }: Task): TaskRef {
  return { id, runId, queue };
}

function idOf(run: CachedRun, { step, item, attempt }: AttemptRef): string {
  return taskId(run.record.id, { step, item, attempt });
}

function stopAttempts(parts: EffectParts, moved: readonly MovedRun[]): void {
  for (const { run, moved: wishes } of moved) {
    const refs = wishes.cancels.filter(({ child }) => !child).map(({ ref }) => ref);
    if (refs.length === 0) continue;
    const tasks = refs.map((ref) => idOf(run, ref));
    parts.bus.broadcast({ kind: 'cancel', runId: run.record.id, tasks });
    const withdrawn = refs.map((ref) => ({
      id: idOf(run, ref),
      runId: run.record.id,
      queue: run.program.steps[ref.step]?.definition.queue ?? '',
    }));
    parts.bus.withdrawTasks(withdrawn).catch((error: unknown) => {
      parts.log.warn('bus.withdraw_failed', { error, runId: run.record.id });
    });
  }
}

/** A child's end is a checkpoint of its parent's step. */
function childEnd({ record, state }: CachedRun): Checkpoint[] {
  const { finished } = state;
  if (finished === null || record.parent === null) return [];
  const times = { startedAt: state.startedAt, finishedAt: finished.at };
  return [endCheckpoint({ ...record, ...finished, ...times })];
}

/** The checkpoint that a finished child run owes its parent. */
export function endCheckpoint(
  child: Pick<MovedRun['run']['record'], 'id' | 'workflow' | 'status' | 'output' | 'error'> & {
    readonly parent: CachedRun['record']['parent'];
    readonly startedAt: number | null;
    readonly finishedAt: number | null;
  },
): Checkpoint {
  const { parent } = child;
  if (parent === null) throw new Error(`run ${child.id} is no child`);
  const finishedAt = child.finishedAt ?? 0;
  return {
    taskId: taskId(parent.runId, parent),
    ...parent,
    outcome: endOutcome(child),
    startedAt: child.startedAt ?? finishedAt,
    finishedAt,
    runner: '',
  };
}

function endOutcome(child: Parameters<typeof endCheckpoint>[0]): Outcome {
  if (child.status === 'completed') return { kind: 'completed', output: child.output };
  const why = child.error?.message ?? 'no reason was recorded';
  const message = `Child run ${child.id} of workflow "${child.workflow}" ended as ${child.status}: ${why}`;
  return { kind: 'failed', error: { class: 'hard', code: 'child_failed', message } };
}
