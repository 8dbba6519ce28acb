/**
 * The one error that an evaluation throws: the expression met data that it cannot handle, or a
 * limit. The message names the expression and the problem, and never holds a secret's value.
 */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError';
  /** What went wrong, without the expression. */
  readonly problem: string;
  /** The expression's text as written; empty when the problem is not inside one expression. */
  readonly expression: string;

  constructor(problem: string, expression = '') {
    super(expression === '' ? problem : `{{ ${expression} }}: ${problem}`);
    this.problem = problem;
    this.expression = expression;
  }
}
