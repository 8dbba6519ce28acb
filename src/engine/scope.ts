import type { Json, JsonObject } from '../expr/json.ts';
import type { Scope, StepView } from '../expr/scope.ts';
import type { Program } from '../graph/program.ts';
import { NO_ITEM } from '../task/task.ts';
import { stepAt } from './settle.ts';
import type { RunState } from './state.ts';

const UNKNOWN: StepView = { status: 'pending', output: null, error: null };

/** What an expression of this run may read; inside a fan-out also the item and its index. */
export function scopeOf(program: Program, state: RunState, place?: ItemPlace): Scope {
  const scope: Scope = {
    input: state.input,
    // Made only where it is read: most expressions do not.
    get run() {
      return runView(state);
    },
    workflow: { name: state.identity.workflow, namespace: state.identity.namespace },
    step: (id) => stepView(program, state, id),
  };
  if (place === undefined || place.item === NO_ITEM) return scope;
  return Object.assign(scope, { item: place.list[place.item] ?? null, index: place.item });
}

export interface ItemPlace {
  readonly item: number;
  readonly list: readonly Json[];
}

function runView(state: RunState): JsonObject {
  const { id, namespace, workflow, versionNumber, createdAt } = state.identity;
  const status = state.ending?.status ?? 'completed';
  return {
    id,
    namespace,
    workflow,
    version: versionNumber,
    createdAt: new Date(createdAt).toISOString(),
    status: state.section === 'main' ? 'running' : status,
    error: (state.ending?.error ?? null) as unknown as Json,
  };
}

function stepView(program: Program, state: RunState, id: string): StepView {
  const index = program.indexOf.get(id);
  if (index === undefined) return UNKNOWN;
  const { status, track } = stepAt(state, index);
  return {
    status: status === 'open' ? 'running' : status,
    output: status === 'completed' ? track.output : null,
    error: track.error as unknown as Json,
  };
}
