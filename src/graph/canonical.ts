import type { Graph } from './graph.ts';

export declare function canonicalText(graph: Graph): string;
