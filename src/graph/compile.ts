import type { Graph } from './graph.ts';
import type { Program } from './program.ts';

export declare function compile(graph: Graph): Program;
