import type { Bus, TaskRef } from '../bus/bus.ts';
import type { AttemptRef } from '../engine/decision.ts';
import { fold } from '../engine/fold.ts';
import { placeTakers } from '../engine/suspects.ts';
import { taskId } from '../task/task.ts';
import type { Clock, Log } from './ports.ts';
import type { CachedRun } from './run-cache.ts';

export interface HeldParts {
  readonly bus: Pick<Bus, 'missingTasks'>;
  readonly clock: Clock;
  readonly log: Log;
}

interface Asked {
  readonly run: CachedRun;
  readonly ref: AttemptRef;
  readonly task: TaskRef;
}

/** Runs that cannot be moved on now. */
export interface NotCounted {
  /** For which the transport did not answer: they are to be left until it does. */
  readonly unknown: ReadonlySet<string>;
  /** That a defect of ours kept from being counted, and the error. */
  readonly broken: ReadonlyMap<string, unknown>;
}

/**
 * A run from the record does not know which items of its fan-outs are under way, and so how many
 * places `maxParallel` leaves: the transport is asked which it still holds, and these count from
 * here.
 */
export async function countHeldItems(
  parts: HeldParts,
  runs: Iterable<CachedRun>,
): Promise<NotCounted> {
  const now = parts.clock.now();
  const broken = new Map<string, unknown>();
  const asked = [...runs].flatMap((run) => {
    if (!run.isFresh) return [];
    try {
      return askedOf(run, now);
    } catch (error) {
      broken.set(run.record.id, error);
      return [];
    }
  });
  if (asked.length === 0) return { unknown: new Set(), broken };
  let missing: ReadonlySet<string>;
  try {
    const refs = await parts.bus.missingTasks(asked.map(({ task }) => task));
    missing = new Set(refs.map(({ id }) => id));
  } catch (error) {
    parts.log.warn('bus.held_unknown', { error, tasks: asked.length });
    return { unknown: new Set(asked.map(({ run }) => run.record.id)), broken };
  }
  for (const { run, ref, task } of asked) {
    if (missing.has(task.id)) continue;
    try {
      fold(run.program, run.state, { kind: 'dispatched', ...ref, at: run.state.now });
    } catch (error) {
      broken.set(run.record.id, error);
    }
  }
  return { unknown: new Set(), broken };
}

function askedOf(run: CachedRun, now: number): Asked[] {
  const { record, program, state } = run;
  state.now = Math.max(state.now, now);
  return placeTakers(program, state).map((ref) => {
    const queue = program.steps[ref.step]?.definition.queue ?? '';
    return { run, ref, task: { id: taskId(record.id, ref), runId: record.id, queue } };
  });
}
