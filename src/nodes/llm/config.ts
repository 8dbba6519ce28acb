import type { JsonObject, Json } from '../../expr/json.ts';
import { configReader } from '../read-config.ts';
import { llmConfig } from './schema.ts';

export interface LlmMessage {
  readonly role: 'system' | 'user' | 'assistant';
  readonly content: string;
}

/** The config of an llm step as it reaches a runner, defaults filled in. */
export interface LlmConfig {
  readonly model?: string;
  readonly prompt?: string;
  readonly promptFile?: string | { readonly $file: string };
  readonly variables: { readonly [name: string]: Json };
  readonly system?: string;
  readonly messages?: readonly LlmMessage[];
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_tokens?: number;
  readonly stop?: readonly string[];
  readonly output?: { readonly schema: JsonObject; readonly name: string };
  readonly baseUrl?: string;
  readonly apiKey?: string;
}

export const readLlmConfig = configReader<LlmConfig>({
  type: 'llm',
  schema: llmConfig,
  fileKeys: ['promptFile'],
});
