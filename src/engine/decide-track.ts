import type { Program } from '../graph/program.ts';
import { NO_ITEM } from '../task/task.ts';
import { type AttemptRef, childRunId, type Decision } from './decision.ts';
import { timerEnd } from './durable-timer.ts';
import { programStep, stepAt } from './settle.ts';
import { newTrack, type Fan, type RunState, type Track } from './state.ts';

interface Place {
  readonly index: number;
  readonly item: number;
}

/** The one decision about an attempt of a step that may run. */
export function decideTrack(program: Program, state: RunState, place: Place): Decision[] {
  const step = stepAt(state, place.index);
  const track = place.item === NO_ITEM ? step.track : step.fan?.items[place.item];
  const current = track ?? newTrack(step.fanBase);
  switch (current.status) {
    case 'idle':
      return [begin(program, state, { ...place, track: current })];
    case 'retrying':
      if (current.retryAt <= state.now)
        return [begin(program, state, { ...place, track: current })];
      return [{ kind: 'wait', step: place.index, reason: 'retry', wakeAt: current.retryAt }];
    case 'parked':
      return [{ kind: 'wait', step: place.index, reason: 'resume', wakeAt: state.resumeAt }];
    case 'dispatched':
    case 'cancelling': {
      const { type } = programStep(program, place.index).definition;
      const reason = type === 'workflow' ? 'child' : 'runner';
      return [{ kind: 'wait', step: place.index, reason, wakeAt: null }];
    }
    default:
      return [];
  }
}

/** How an attempt begins depends on who makes it: the engine, a child run, or a runner. */
function begin(program: Program, state: RunState, place: Place & { track: Track }): Decision {
  const ref: AttemptRef = { step: place.index, item: place.item, attempt: place.track.attempt + 1 };
  switch (programStep(program, place.index).definition.type) {
    case 'start':
    case 'end':
    case 'conditional':
    case 'switch':
    case 'transform':
      return { kind: 'evaluate', ...ref };
    case 'wait': {
      const until = timerEnd(program, state, ref);
      if (until.kind === 'failed') return { kind: 'fail', ...ref, error: until.error };
      if (until.at <= state.now) return { kind: 'evaluate', ...ref };
      return { kind: 'wait', step: ref.step, reason: 'timer', wakeAt: until.at };
    }
    case 'workflow': {
      return { kind: 'startChild', ...ref, runId: childRunId(state.identity.id, ref) };
    }
    default:
      return { kind: 'dispatch', ...ref };
  }
}

/** A fan-out starts items in order while fewer than `maxParallel` run, due retries first. */
export function decideFan(program: Program, state: RunState, index: number): Decision[] {
  const { fan } = stepAt(state, index);
  if (fan === null) return [{ kind: 'expand', step: index }];
  const limit = programStep(program, index).definition.maxParallel ?? Infinity;
  let free = limit - fan.running;
  const decisions: Decision[] = [];
  for (const item of startable(state, fan)) {
    if (free <= 0) break;
    decisions.push(...decideTrack(program, state, { index, item }));
    free -= 1;
  }
  return decisions.length > 0 ? decisions : [waitForItems(state, fan, { index, free })];
}

function* startable(state: RunState, fan: Fan): Generator<number> {
  for (const item of fan.retrying) {
    if ((fan.items[item]?.retryAt ?? 0) <= state.now) yield item;
  }
  for (let item = fan.next; item < fan.count; item += 1) {
    const status = fan.items[item]?.status ?? 'idle';
    if (status === 'idle') yield item;
  }
}

function waitForItems(state: RunState, fan: Fan, place: { index: number; free: number }): Decision {
  const { index, free } = place;
  // Without a free place a retry that is due waits for a running item, not for a time gone by.
  if (fan.running > 0 && (fan.retrying.size === 0 || free <= 0)) {
    return { kind: 'wait', step: index, reason: 'runner', wakeAt: null };
  }
  if (fan.retrying.size > 0) {
    let wakeAt = Infinity;
    for (const item of fan.retrying)
      wakeAt = Math.min(wakeAt, fan.items[item]?.retryAt ?? Infinity);
    return { kind: 'wait', step: index, reason: 'retry', wakeAt };
  }
  return { kind: 'wait', step: index, reason: 'resume', wakeAt: state.resumeAt };
}
