/** A mistake inside an expression, found when it is compiled. */
export interface ExprProblem {
  /** Stable, kebab-case: `syntax`, `unknown-name`, `not-upstream`. */
  readonly code: string;
  /** Where the string is inside the compiled value; empty when the value is that string. */
  readonly path: readonly (string | number)[];
  /** The place inside that string, in UTF-16 units. */
  readonly span?: Span;
  /** What is wrong, naming it; expected against found. */
  readonly message: string;
  /** The remedy. */
  readonly hint?: string;
}

export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Either the compiled thing, or everything that is wrong with it. */
export type Compiled<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ExprProblem[] };
