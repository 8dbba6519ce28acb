import type OpenAI from 'openai';
import { abortFailure, HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { llmFailure } from './classify.ts';
import type { LlmConfig, LlmMessage } from './config.ts';
import type { Endpoint } from './endpoint.ts';

/** One answer of the model. */
export interface Completion {
  readonly text: string;
  readonly model: string;
  readonly finishReason: string;
  readonly inputTokens: number;
  readonly outputTokens: number;
}

/** The attempt's signal ends a call; the library adds no second clock. */
const TIMER_MAX_MS = 2 ** 31 - 1;

export interface Conversation {
  readonly context: StepContext;
  readonly config: LlmConfig;
  readonly endpoint: Endpoint;
}

/** Asks once. The engine retries, so the client library does not. */
export async function complete(
  { context, config, endpoint }: Conversation,
  messages: readonly LlmMessage[],
): Promise<Completion> {
  try {
    const client = await clientOf(endpoint);
    const answer = await client.chat.completions.create(
      parameters(config, endpoint.model, messages),
      { signal: context.signal, timeout: TIMER_MAX_MS },
    );
    return completionOf(answer, endpoint);
  } catch (error) {
    if (context.signal.aborted) throw abortFailure(context.signal);
    throw llmFailure(error, endpoint);
  }
}

/** Everything that the library would otherwise read from the environment is given. */
async function clientOf(endpoint: Endpoint): Promise<OpenAI> {
  const { OpenAI: Client } = await import('openai');
  return new Client({
    baseURL: endpoint.baseUrl,
    // Local endpoints need no key, but the library insists on one.
    apiKey: endpoint.apiKey === '' ? 'none' : endpoint.apiKey,
    organization: null,
    project: null,
    maxRetries: 0,
    logLevel: 'off',
    fetch: endpoint.fetch,
  });
}

function parameters(
  config: LlmConfig,
  model: string,
  messages: readonly LlmMessage[],
): OpenAI.ChatCompletionCreateParamsNonStreaming {
  const { temperature, top_p, max_tokens, stop, output } = config;
  return {
    model,
    messages: messages.map(({ role, content }) => ({ role, content })),
    ...(temperature === undefined ? {} : { temperature }),
    ...(top_p === undefined ? {} : { top_p }),
    // The name that every compatible endpoint understands.
    // oxlint-disable-next-line typescript/no-deprecated
    ...(max_tokens === undefined ? {} : { max_tokens }),
    ...(stop === undefined ? {} : { stop: [...stop] }),
    ...(output === undefined
      ? {}
      : {
          response_format: {
            type: 'json_schema',
            json_schema: { name: output.name, schema: { ...output.schema } },
          },
        }),
  };
}

/** The endpoint is somebody else's program: nothing of its answer is taken for granted. */
function completionOf(answer: Partial<OpenAI.ChatCompletion>, endpoint: Endpoint): Completion {
  const choice = answer.choices?.[0];
  const text = choice?.message?.content ?? choice?.message?.refusal;
  if (choice === undefined || typeof text !== 'string') {
    const found = JSON.stringify(answer)?.slice(0, 500) ?? '';
    throw new HardError(
      'malformed_output',
      'the endpoint answered without choices[0].message.content; is BEHEST_LLM_BASE_URL the base ' +
        'of an OpenAI-compatible API (it usually ends in /v1)?',
      { details: { answer: found } },
    );
  }
  return {
    text,
    model: answer.model ?? endpoint.model,
    finishReason: choice.finish_reason ?? 'stop',
    inputTokens: answer.usage?.prompt_tokens ?? 0,
    outputTokens: answer.usage?.completion_tokens ?? 0,
  };
}
