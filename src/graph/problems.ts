import type { ExprProblem } from '../expr/compiled.ts';
import type { Path, Problem } from './problem.ts';

/** Gathers what is wrong with one spec, so that all of it is reported at once. */
export class Problems {
  readonly list: Problem[] = [];

  get hasErrors(): boolean {
    return this.list.some(({ severity }) => severity === 'error');
  }

  error(code: string, path: Path, text: { message: string; hint?: string | undefined }): void {
    this.#add('error', code, { path, ...text });
  }

  warning(code: string, path: Path, text: { message: string; hint?: string | undefined }): void {
    this.#add('warning', code, { path, ...text });
  }

  /** Mistakes inside the expressions of the value at `path`. */
  expressions(path: Path, problems: readonly ExprProblem[]): void {
    for (const problem of problems) {
      this.list.push({ ...problem, severity: 'error', path: [...path, ...problem.path] });
    }
  }

  #add(
    severity: Problem['severity'],
    code: string,
    { path, message, hint }: { path: Path; message: string; hint?: string | undefined },
  ): void {
    this.list.push({ code, severity, path, message, ...(hint === undefined ? {} : { hint }) });
  }
}
