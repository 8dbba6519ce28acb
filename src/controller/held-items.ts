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

/**
 * A run from the record does not know which items of its fan-outs are under way, and so how many
 * places `maxParallel` leaves: the transport is asked which it still holds, and these count from
 * here. Resolves to the runs for which it did not answer: they are to be left until it does.
 */
export async function countHeldItems(
  parts: HeldParts,
  runs: Iterable<CachedRun>,
): Promise<ReadonlySet<string>> {
  const now = parts.clock.now();
  const asked = [...runs].filter(({ isFresh }) => isFresh).flatMap((run) => askedOf(run, now));
  if (asked.length === 0) return new Set();
  let missing: ReadonlySet<string>;
  try {
    const refs = await parts.bus.missingTasks(asked.map(({ task }) => task));
    missing = new Set(refs.map(({ id }) => id));
  } catch (error) {
    parts.log.warn('bus.held_unknown', { error, tasks: asked.length });
    return new Set(asked.map(({ run }) => run.record.id));
  }
  for (const { run, ref, task } of asked) {
    if (missing.has(task.id)) continue;
    fold(run.program, run.state, { kind: 'dispatched', ...ref, at: run.state.now });
  }
  return new Set();
}

function askedOf(run: CachedRun, now: number): Asked[] {
  const { record, program, state } = run;
  state.now = Math.max(state.now, now);
  return placeTakers(program, state).map((ref) => {
    const queue = program.steps[ref.step]?.definition.queue ?? '';
    return { run, ref, task: { id: taskId(record.id, ref), runId: record.id, queue } };
  });
}
