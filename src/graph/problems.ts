import type { ExprProblem } from '../expr/compiled.ts';
import type { Path, Problem } from './problem.ts';

interface Words {
  readonly message: string;
  /** A remedy that takes time to find is a function: it is asked for only while there is room. */
  readonly hint?: string | undefined | (() => string | undefined);
}

/** More than anybody is shown: finding a remedy for each of 10,000 mistakes would take minutes. */
const MAX_ERRORS = 300;
const MAX_WARNINGS = 100;

/** Gathers what is wrong with one spec, so that all of it is reported at once. */
export class Problems {
  readonly list: Problem[] = [];
  #errors = 0;

  get hasErrors(): boolean {
    return this.#errors > 0;
  }

  /** No more errors are kept; who looks for them may stop. */
  get isFull(): boolean {
    return this.#errors >= MAX_ERRORS;
  }

  error(code: string, path: Path, words: Words): void {
    if (this.isFull) return;
    this.#errors += 1;
    this.#add({ code, severity: 'error', path }, words);
  }

  warning(code: string, path: Path, words: Words): void {
    if (this.list.length - this.#errors >= MAX_WARNINGS) return;
    this.#add({ code, severity: 'warning', path }, words);
  }

  /** Mistakes inside the expressions of the value at `path`. */
  expressions(path: Path, problems: readonly ExprProblem[]): void {
    for (const problem of problems) {
      if (this.isFull) return;
      this.#errors += 1;
      this.list.push({ ...problem, severity: 'error', path: [...path, ...problem.path] });
    }
  }

  #add(problem: Pick<Problem, 'code' | 'severity' | 'path'>, { message, hint }: Words): void {
    const remedy = typeof hint === 'function' ? hint() : hint;
    this.list.push({ ...problem, message, ...(remedy === undefined ? {} : { hint: remedy }) });
  }
}
