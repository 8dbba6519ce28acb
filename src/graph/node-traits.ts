/** What the graph needs to know of a node type. The registry of node types supplies it. */
export interface NodeTraits {
  readonly runsIn: 'runner' | 'controller';
  /** Default time limit of one attempt, ms. */
  readonly timeoutMs: number;
  /** Config keys whose value is a path in the workflow's folder. */
  readonly fileKeys: readonly string[];
  /** Config keys whose text is taken as written: braces in it are no templates. */
  readonly verbatimKeys: readonly string[];
}
