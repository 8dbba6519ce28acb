/** As kubectl users know it. */
export interface Condition {
  readonly type: 'Ready' | 'Reconciling' | 'Stalled' | 'FetchFailed';
  readonly status: 'True' | 'False' | 'Unknown';
  /** Stable, CamelCase: `Applied`, `ValidationFailed`, `FetchFailed`, `Suspended`. */
  readonly reason: string;
  readonly message: string;
  /** Epoch ms; changes only when `status` flips. */
  readonly lastTransitionAt: number;
}

/** A problem of one file, with its place; what `behest get source -o yaml` and events show. */
export interface FileProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly code: string;
  readonly severity: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
  /** The lines around, with a caret: ready to print. */
  readonly frame: string;
}

/** One object that a source owns. */
export interface InventoryEntry {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly file: string;
  /** Of the whole declaration, files that it refers to included: equal means unchanged. */
  readonly digest: string;
  /** `behest.dev/prune: disabled`: stays when it is no longer declared. */
  readonly keep: boolean;
}

export interface SourceRecord {
  readonly name: string;
  readonly kind: 'directory' | 'git';
  /** Directory path or repository URL, without credentials. */
  readonly location: string;
  /** Branch, tag or commit for git; empty for a directory. */
  readonly ref: string;
  readonly suspended: boolean;
  readonly lastAttemptedRevision: string;
  readonly lastAppliedRevision: string;
  readonly conditions: readonly Condition[];
  readonly problems: readonly FileProblem[];
  readonly inventory: readonly InventoryEntry[];
  /** Another one after "reconcile now", and after a write to what the source owns. */
  readonly requestedToken: string;
  readonly handledToken: string;
  /** The `requestedToken` at which everything declared was last compared with what is stored. */
  readonly comparedToken: string;
  readonly updatedAt: number;
}
