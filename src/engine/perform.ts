import type { Json, JsonObject } from '../expr/json.ts';
import type { Program } from '../graph/program.ts';
import type { StepError } from '../task/error.ts';
import { NO_ITEM, type Outcome } from '../task/task.ts';
import type { AttemptRef, Decision } from './decision.ts';
import { expressionFault } from './expression-fault.ts';
import type { AttemptFact, ExpandedFact, FinishedFact, RecordableFact } from './fact.ts';
import { listOf } from './fan-list.ts';
import { attemptScope, resolveConfig } from './prepare.ts';
import { scopeOf } from './scope.ts';
import { programStep, stepAt } from './settle.ts';
import type { RunState } from './state.ts';

/** How many items one fan-out may have. */
export const FAN_LIMIT = 100_000;

/** Decisions that the engine carries out by itself, as they need nothing but the state. */
export type PureDecision = Extract<
  Decision,
  { kind: 'start' | 'expand' | 'skip' | 'evaluate' | 'fail' | 'abandon' | 'expire' | 'finish' }
>;

export function isPure(decision: Decision): decision is PureDecision {
  return !['dispatch', 'startChild', 'cancelTask', 'resume', 'wait'].includes(decision.kind);
}

/** The fact that carrying out this decision makes. */
export function perform(program: Program, state: RunState, decision: PureDecision): RecordableFact {
  const at = state.now;
  switch (decision.kind) {
    case 'start':
      return { kind: 'started', at };
    case 'skip':
      return { kind: 'skipped', at, step: decision.step, reason: decision.reason };
    case 'expire':
      return { kind: 'expired', at };
    case 'expand':
      return expand(program, state, decision.step);
    case 'evaluate':
      return evaluate(program, state, decision);
    case 'fail':
      return attemptFact(state, decision, { kind: 'failed', error: decision.error });
    case 'abandon':
      return attemptFact(state, decision, { kind: 'cancelled' });
    case 'finish':
      return finish(program, state, decision.status);
  }
}

/** The fact of an attempt that the controller made or ended itself. */
export function attemptFact(state: RunState, ref: AttemptRef, outcome: Outcome): AttemptFact {
  const { step, item, attempt } = ref;
  const branch = null;
  const at = state.now;
  return {
    kind: 'attempt',
    at,
    step,
    item,
    attempt,
    outcome,
    branch,
    startedAt: at,
    finishedAt: at,
    runner: '',
  };
}

function expand(program: Program, state: RunState, index: number): ExpandedFact | AttemptFact {
  const ref = { step: index, item: NO_ITEM, attempt: stepAt(state, index).track.attempt + 1 };
  try {
    const count = listOf(program, state, index).length;
    if (count <= FAN_LIMIT) return { kind: 'expanded', at: state.now, step: index, count };
    const message = `forEach gave ${count} items; at most ${FAN_LIMIT} are allowed. Split the list over child runs.`;
    return attemptFact(state, ref, failed({ class: 'hard', code: 'limit', message }));
  } catch (error) {
    return attemptFact(state, ref, failed(expressionFault(error)));
  }
}

function failed(error: StepError): Outcome {
  return { kind: 'failed', error };
}

function evaluate(program: Program, state: RunState, ref: AttemptRef): AttemptFact {
  try {
    const { output, branch } = evaluateType(program, state, ref);
    return { ...attemptFact(state, ref, { kind: 'completed', output }), branch };
  } catch (error) {
    return attemptFact(state, ref, failed(expressionFault(error)));
  }
}

interface Evaluated {
  readonly output: Json;
  readonly branch: string | null;
}

function evaluateType(program: Program, state: RunState, ref: AttemptRef): Evaluated {
  const { definition, condition } = programStep(program, ref.step);
  switch (definition.type) {
    case 'conditional': {
      const result = condition?.evaluate(attemptScope(program, state, ref)) ?? false;
      return { output: { result }, branch: String(result) };
    }
    case 'switch':
      return evaluateSwitch(resolveConfig(program, state, ref).config);
    case 'transform':
      return { output: resolveConfig(program, state, ref).config['output'] ?? null, branch: null };
    case 'start':
      return { output: state.input, branch: null };
    default:
      return { output: null, branch: null };
  }
}

/** The case whose key is the value as text; `default` when none is. */
function evaluateSwitch(config: JsonObject): Evaluated {
  const value = config['value'] ?? null;
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  const isCase = Object.hasOwn((config['cases'] ?? {}) as JsonObject, text);
  const branch = isCase ? text : 'default';
  return { output: { value, case: branch }, branch };
}

function finish(program: Program, state: RunState, status: FinishedFact['status']): FinishedFact {
  const at = state.now;
  if (status !== 'completed') {
    return { kind: 'finished', at, status, output: null, error: state.ending?.error ?? null };
  }
  try {
    const output =
      program.output === null
        ? defaultOutput(program, state)
        : program.output.evaluate(scopeOf(program, state));
    return { kind: 'finished', at, status, output, error: null };
  } catch (error) {
    const fault = { ...expressionFault(error), step: null };
    const message = `The workflow's output could not be made: ${fault.message}`;
    return { kind: 'finished', at, status: 'failed', output: null, error: { ...fault, message } };
  }
}

/** Without `spec.output`: what the last steps gave, by step id. */
function defaultOutput(program: Program, state: RunState): JsonObject {
  const completed = program.sinks.filter((index) => stepAt(state, index).status === 'completed');
  return Object.fromEntries(
    completed.map((index) => [programStep(program, index).id, stepAt(state, index).track.output]),
  );
}
