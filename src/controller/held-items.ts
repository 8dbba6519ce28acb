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
 * places `maxParallel` leaves: the transport is asked which it still holds. When it cannot tell, as
 * many as there are places count as under way: the next recheck finds what nobody works on.
 */
export async function countHeldItems(parts: HeldParts, runs: Iterable<CachedRun>): Promise<void> {
  const now = parts.clock.now();
  const asked = [...runs].filter(({ isFresh }) => isFresh).flatMap((run) => askedOf(run, now));
  if (asked.length === 0) return;
  const missing = await missingOf(parts, asked);
  for (const { run, ref, task } of asked) {
    if (missing === null ? hasPlace(run, ref) : !missing.has(task.id)) takePlace(run, ref);
  }
}

function askedOf(run: CachedRun, now: number): Asked[] {
  const { record, program, state } = run;
  state.now = Math.max(state.now, now);
  return placeTakers(program, state).map((ref) => {
    const queue = program.steps[ref.step]?.definition.queue ?? '';
    return { run, ref, task: { id: taskId(record.id, ref), runId: record.id, queue } };
  });
}

/** Null when the transport does not answer. */
async function missingOf(
  { bus, log }: HeldParts,
  asked: readonly Asked[],
): Promise<ReadonlySet<string> | null> {
  try {
    const missing = await bus.missingTasks(asked.map(({ task }) => task));
    return new Set(missing.map(({ id }) => id));
  } catch (error) {
    log.warn('bus.held_unknown', { error, tasks: asked.length });
    return null;
  }
}

function hasPlace({ program, state }: CachedRun, { step }: AttemptRef): boolean {
  const limit = program.steps[step]?.definition.maxParallel ?? Infinity;
  return (state.steps[step]?.fan?.running ?? 0) < limit;
}

function takePlace({ program, state }: CachedRun, ref: AttemptRef): void {
  fold(program, state, { kind: 'dispatched', ...ref, at: state.now });
}
