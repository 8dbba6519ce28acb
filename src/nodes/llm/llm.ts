import type { NodeType } from '../node-type.ts';
import { llmConfig, llmOutput } from './schema.ts';

export const llm: NodeType = {
  type: 'llm',
  title: 'Language model',
  description:
    'Asks a language model behind any OpenAI-compatible endpoint. With `output.schema` the output ' +
    'is an object that obeys the schema; without, it is `{text, model, finish_reason, usage}`, and ' +
    'the fields of a text that is a JSON object stand beside them.',
  configSchema: llmConfig,
  outputSchema: llmOutput,
  runsIn: 'runner',
  fileKeys: ['promptFile'],
  timeoutMs: 120_000,
  // Loaded at first use: what only describes the type should start fast.
  execute: async (context, config) => (await import('./execute.ts')).executeLlm(context, config),
};
