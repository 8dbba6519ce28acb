import { ExpressionError } from '../expr/expression-error.ts';
import type { Json } from '../expr/json.ts';
import type { Program } from '../graph/program.ts';
import { scopeOf } from './scope.ts';
import { programStep, stepAt } from './settle.ts';
import type { RunState } from './state.ts';

/**
 * The list of a fan-out, evaluated once per state: its upstream outputs are settled, so it cannot
 * change until the step is reopened (which drops the fan, and with it this list). Throws
 * ExpressionError when it is no list.
 */
export function listOf(program: Program, state: RunState, index: number): readonly Json[] {
  const step = stepAt(state, index);
  if (step.fan?.list !== undefined) return step.fan.list;
  const { forEach, id } = programStep(program, index);
  const value = forEach === null ? null : forEach.evaluate(scopeOf(program, state));
  if (!Array.isArray(value)) {
    const found = value === null ? 'null' : typeof value;
    throw new ExpressionError(`forEach of step "${id}" gave ${found}; expected a list`);
  }
  const list: readonly Json[] = value;
  if (step.fan !== null) step.fan.list = list;
  return list;
}
