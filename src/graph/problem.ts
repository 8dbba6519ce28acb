/** A place in a canonical resource: `['spec', 'steps', 0, 'config']`. */
export type Path = readonly (string | number)[];

/** One mistake (or doubt) in what a person wrote. The manifest room adds file, line and column. */
export interface Problem {
  /** Stable, kebab-case, listed in docs/errors.md: `unknown-field`, `not-upstream`, `cycle`. */
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly path: Path;
  /** Offset and length inside the string at `path`, when the mistake is inside an expression. */
  readonly span?: { readonly offset: number; readonly length: number };
  /** True when the path's key, not its value, is wrong. */
  readonly atKey?: boolean;
  /** What is wrong, naming it; expected against found. */
  readonly message: string;
  /** The remedy: a did-you-mean, an example. */
  readonly hint?: string;
}
