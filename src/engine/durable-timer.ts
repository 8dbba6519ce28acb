import type { Json } from '../expr/json.ts';
import { parseDurationMs } from '../graph/duration.ts';
import type { Program } from '../graph/program.ts';
import type { StepError } from '../task/error.ts';
import type { AttemptRef } from './decision.ts';
import { expressionFault } from './expression-fault.ts';
import { resolveConfig } from './prepare.ts';
import { stepAt } from './settle.ts';
import type { RunState } from './state.ts';

type TimerEnd =
  | { readonly kind: 'due'; readonly at: number }
  | { readonly kind: 'failed'; readonly error: StepError };

/** When a `wait` step ends: its `duration` after its needs were met, or at `until`. */
export function timerEnd(program: Program, state: RunState, ref: AttemptRef): TimerEnd {
  try {
    const { config } = resolveConfig(program, state, ref);
    const readyAt = stepAt(state, ref.step).readyAt ?? state.now;
    return endOf(config['duration'], config['until'], readyAt);
  } catch (error) {
    return { kind: 'failed', error: expressionFault(error) };
  }
}

function endOf(duration: Json | undefined, until: Json | undefined, readyAt: number): TimerEnd {
  if (typeof until === 'string') {
    const at = Date.parse(until);
    if (!Number.isNaN(at)) return { kind: 'due', at };
    return bad(
      `\`until\` is ${JSON.stringify(until)}; expected an RFC 3339 time such as 2026-01-31T08:00:00Z`,
    );
  }
  const durationMs = typeof duration === 'string' ? parseDurationMs(duration) : null;
  if (durationMs !== null) return { kind: 'due', at: readyAt + durationMs };
  return bad(
    `\`duration\` is ${JSON.stringify(duration ?? null)}; expected text such as 30s, 5m or 1h30m`,
  );
}

function bad(message: string): TimerEnd {
  return { kind: 'failed', error: { class: 'hard', code: 'invalid_input', message } };
}
