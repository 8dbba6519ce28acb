import type { Json, JsonObject } from '../expr/json.ts';
import type { Graph } from '../graph/graph.ts';

/** One declared object, checked and complete. */
export type Resource = WorkflowResource | RunResource;

interface Declared {
  readonly namespace: string;
  readonly name: string;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
  /** The canonical manifest as JSON, whatever dialect it was written in. */
  readonly manifest: JsonObject;
  /** Path of its file in the source, and where it begins there, from 1. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

export interface WorkflowResource extends Declared {
  readonly kind: 'Workflow';
  readonly title: string;
  readonly description: string;
  readonly graph: Graph;
  readonly canonicalText: string;
  /** Of `canonicalText`: an equal one is the same version. */
  readonly digest: string;
  /** Folder that the graph's files are relative to; empty is the root of the source. */
  readonly folder: string;
}

export interface RunResource extends Declared {
  readonly kind: 'Run';
  readonly workflow: string;
  readonly input: Json;
  readonly onDelete: 'cancel' | 'keep';
  /** Of the spec: another one declares another run. */
  readonly digest: string;
}
