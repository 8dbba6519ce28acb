import type { Deferred } from '../expr/deferred.ts';
import type { Json, JsonObject } from '../expr/json.ts';
import type { Scope } from '../expr/scope.ts';
import type { Program } from '../graph/program.ts';
import type { StepError } from '../task/error.ts';
import { NO_ITEM, type Task, taskId } from '../task/task.ts';
import type { AttemptRef } from './decision.ts';
import { expressionFault } from './expression-fault.ts';
import { listOf } from './fan-list.ts';
import { scopeOf } from './scope.ts';
import { programStep } from './settle.ts';
import type { RunState } from './state.ts';

export type Prepared =
  { readonly ok: true; readonly task: Task } | { readonly ok: false; readonly error: StepError };

/** The task of a `dispatch` decision: every template but secrets resolved. */
export function prepareTask(program: Program, state: RunState, ref: AttemptRef): Prepared {
  const { id, definition } = programStep(program, ref.step);
  const { identity } = state;
  try {
    const { config, deferred } = resolveConfig(program, state, ref);
    const key = ref.item === NO_ITEM ? `${identity.id}.${id}` : `${identity.id}.${id}.${ref.item}`;
    const task: Task = {
      id: taskId(identity.id, ref),
      runId: identity.id,
      namespace: identity.namespace,
      workflow: identity.workflow,
      step: ref.step,
      stepId: id,
      item: ref.item,
      attempt: ref.attempt,
      type: definition.type,
      queue: definition.queue,
      config,
      deferred,
      files: program.graph.files,
      timeoutMs: definition.timeoutMs,
      idempotencyKey: key,
    };
    return { ok: true, task };
  } catch (error) {
    return { ok: false, error: expressionFault(error) };
  }
}

/** A step's config for one attempt. Throws ExpressionError. */
export function resolveConfig(
  program: Program,
  state: RunState,
  ref: Pick<AttemptRef, 'step' | 'item'>,
): { readonly config: JsonObject; readonly deferred: readonly Deferred[] } {
  return programStep(program, ref.step).config.resolve(attemptScope(program, state, ref));
}

/** What an expression of this step (and item) may read. Throws ExpressionError in a fan-out. */
export function attemptScope(
  program: Program,
  state: RunState,
  ref: Pick<AttemptRef, 'step' | 'item'>,
): Scope {
  if (ref.item === NO_ITEM) return scopeOf(program, state);
  return scopeOf(program, state, { item: ref.item, list: listOf(program, state, ref.step) });
}

/** What a child run is started with, and which workflow it is of. */
export interface ChildStart {
  readonly namespace: string;
  readonly workflow: string;
  readonly input: Json;
}

export function prepareChild(
  program: Program,
  state: RunState,
  ref: AttemptRef,
):
  | { readonly ok: true; readonly child: ChildStart }
  | { readonly ok: false; readonly error: StepError } {
  try {
    const { config } = resolveConfig(program, state, ref);
    const { workflow, namespace, input } = config;
    if (typeof workflow !== 'string') {
      const found = JSON.stringify(workflow ?? null);
      const message = `\`workflow\` is ${found}; expected the name of a workflow.`;
      return { ok: false, error: { class: 'hard', code: 'invalid_input', message } };
    }
    const home = typeof namespace === 'string' ? namespace : state.identity.namespace;
    return { ok: true, child: { namespace: home, workflow, input: input ?? {} } };
  } catch (error) {
    return { ok: false, error: expressionFault(error) };
  }
}
