import type { JsonObject } from '../expr/json.ts';
import type { Graph } from '../graph/graph.ts';

/** Where a version came from. `source` is empty for an imperative API write. */
export interface Origin {
  readonly source: string;
  readonly revision: string;
  /** Path of the manifest file inside the source. */
  readonly path: string;
  readonly commit: string;
  readonly author: string;
}

export interface WorkflowRecord {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
  /** Name of the source that owns it; empty when it was written through the API. */
  readonly owner: string;
  readonly suspended: boolean;
  /** Of the newest version. */
  readonly versionId: string;
  readonly versionNumber: number;
  readonly digest: string;
  readonly createdAt: number;
  readonly updatedAt: number;
  /** Set when it was deleted or pruned: no new runs, history kept. */
  readonly deletedAt: number | null;
}

/** Immutable. */
export interface VersionRecord {
  readonly id: string;
  readonly workflowId: string;
  readonly namespace: string;
  readonly workflow: string;
  /** 1, 2, 3 … per workflow. */
  readonly number: number;
  /** SHA-256 of the graph's canonical text, hex. */
  readonly digest: string;
  readonly graph: Graph;
  /** The canonical manifest it was compiled from, for people, `get -o yaml` and diffs. */
  readonly manifest: JsonObject;
  readonly origin: Origin;
  readonly createdAt: number;
}
