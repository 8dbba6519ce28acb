import type { Json, JsonObject } from '../../src/expr/json.ts';
import type { NodeSettings, NodeType, StepContext } from '../../src/nodes/node-type.ts';

export const settings: NodeSettings = {
  httpAllow: [],
  selfUrl: '',
  llmBaseUrl: '',
  llmApiKey: '',
  llmModel: '',
  allowSubprocess: false,
};

export function nodeType(
  type: string,
  execute: (context: StepContext, config: Json) => Promise<Json>,
  configSchema: JsonObject = { type: 'object', properties: {} },
): NodeType {
  return {
    type,
    title: type,
    description: `The ${type} type of the runner's tests.`,
    configSchema,
    runsIn: 'runner',
    timeoutMs: 30_000,
    execute,
  };
}
