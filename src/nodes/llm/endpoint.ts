import { HardError } from '../errors.ts';
import { guardedAgent } from '../http/guarded-agent.ts';
import type { NodeSettings, StepContext } from '../node-type.ts';
import type { LlmConfig } from './config.ts';

export interface Endpoint {
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  /** How requests are sent: to a step's own endpoint only past the address guard. */
  readonly fetch: typeof fetch;
}

/**
 * The operator's endpoint, or the step's own with its own key: the operator's key never goes to
 * an address that a manifest names.
 */
export async function endpointOf(context: StepContext, config: LlmConfig): Promise<Endpoint> {
  const { settings } = context;
  const model = config.model ?? settings.llmModel;
  if (config.baseUrl !== undefined && config.apiKey !== undefined) {
    requireModel(model);
    const { baseUrl, apiKey } = config;
    return { baseUrl, apiKey, model, fetch: await guardedFetch(settings) };
  }
  if (settings.llmBaseUrl === '') {
    throw new HardError(
      'not_configured',
      'no language model is configured: set BEHEST_LLM_BASE_URL (an OpenAI-compatible base URL ' +
        'such as https://api.openai.com/v1), BEHEST_LLM_API_KEY and, for steps that name no ' +
        'model, BEHEST_LLM_MODEL on the runner; or give the step `baseUrl` and `apiKey`',
    );
  }
  requireModel(model);
  return { baseUrl: settings.llmBaseUrl, apiKey: settings.llmApiKey, model, fetch };
}

function requireModel(model: string): void {
  if (model !== '') return;
  throw new HardError(
    'not_configured',
    'the step names no `model`, and no default is set: add one to its config, or set ' +
      'BEHEST_LLM_MODEL on the runner',
  );
}

async function guardedFetch(settings: NodeSettings): Promise<typeof fetch> {
  const undici = await import('undici');
  const dispatcher = guardedAgent(settings);
  const guarded = (input: string, init: object): Promise<unknown> =>
    undici.fetch(input, { ...init, dispatcher });
  // The platform's fetch is undici's own; only the declarations are two.
  return guarded as unknown as typeof fetch;
}
