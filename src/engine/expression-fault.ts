import { ExpressionError } from '../expr/expression-error.ts';
import type { StepError } from '../task/error.ts';

/** A failed expression is the step's hard error; anything else is a bug and crashes. */
export function expressionFault(error: unknown): StepError {
  if (!(error instanceof ExpressionError)) throw error;
  return { class: 'hard', code: 'expression', message: error.message };
}
