import { artifact } from './artifact/artifact.ts';
import { code } from './code/code.ts';
import { conditional } from './conditional/conditional.ts';
import { end } from './end/end.ts';
import { http } from './http/http.ts';
import { llm } from './llm/llm.ts';
import type { NodeType } from './node-type.ts';
import { start } from './start/start.ts';
import { switchNode } from './switch/switch.ts';
import { transform } from './transform/transform.ts';
import { wait } from './wait/wait.ts';
import { workflow } from './workflow/workflow.ts';

const builtIn = [
  start,
  end,
  http,
  llm,
  code,
  artifact,
  conditional,
  switchNode,
  transform,
  wait,
  workflow,
];

/** Every built-in node type by the word that a manifest uses for it. */
export const nodeTypes: ReadonlyMap<string, NodeType> = new Map(
  builtIn.map((nodeType) => [nodeType.type, nodeType]),
);
