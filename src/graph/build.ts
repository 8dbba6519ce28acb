import type { Graph } from './graph.ts';
import type { NodeTraits } from './node-traits.ts';
import type { Problem } from './problem.ts';
import type { WorkflowSpec } from './spec.ts';

export interface BuildOptions {
  readonly nodeTypes: ReadonlyMap<string, NodeTraits>;
  /** Files of the workflow's folder: relative path → SHA-256, hex. */
  readonly files: Readonly<Record<string, string>>;
}

export interface Built {
  /** Null when there is an error among the problems. */
  readonly graph: Graph | null;
  readonly problems: readonly Problem[];
}

export declare function build(spec: WorkflowSpec, options: BuildOptions): Built;
