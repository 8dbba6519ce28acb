import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Json } from '../../expr/json.ts';
import { HardError, RetryableError } from '../errors.ts';
import { testContext, type TestContext, type TestContextOptions } from '../test-context.ts';
import { executeLlm } from './execute.ts';

interface Reply {
  readonly status: number;
  readonly body: Json;
  readonly headers?: { readonly [name: string]: string };
}

interface Asked {
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: { readonly [key: string]: Json };
}

let server: Server;
let base: string;
let asked: Asked[] = [];
let replies: Reply[] = [];

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const body = JSON.parse(Buffer.concat(chunks).toString()) as Asked['body'];
      asked.push({ url: request.url ?? '', authorization: request.headers.authorization, body });
      const reply = replies.shift();
      if (reply === undefined) return response.destroy();
      const headers = { 'content-type': 'application/json', ...reply.headers };
      return response.writeHead(reply.status, headers).end(JSON.stringify(reply.body));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`;
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
});

beforeEach(() => {
  asked = [];
  replies = [];
});

function says(content: string): Reply {
  return {
    status: 200,
    body: {
      id: 'chatcmpl-1',
      object: 'chat.completion',
      created: 1,
      model: 'gpt-4-0613',
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content } }],
      usage: { prompt_tokens: 12, completion_tokens: 5, total_tokens: 17 },
    },
  };
}

function fails(status: number, error: Json, headers: { [name: string]: string } = {}): Reply {
  return { status, body: { error }, headers };
}

interface LlmRun {
  readonly output?: Json;
  readonly error?: HardError | RetryableError;
  readonly context: TestContext;
}

async function run(
  config: { [key: string]: Json },
  options: TestContextOptions = {},
): Promise<LlmRun> {
  const settings = { llmBaseUrl: base, llmApiKey: 'operator-key', ...options.settings };
  const context = testContext({ ...options, settings });
  try {
    return { output: await executeLlm(context, config), context };
  } catch (error) {
    if (error instanceof HardError || error instanceof RetryableError) return { error, context };
    throw error;
  }
}

const prompt = { model: 'gpt-4', prompt: 'hello' };

test('the seed’s node → one chat completion, text and usage', async () => {
  replies = [says('Hi.')];
  const { output, context } = await run({ ...prompt, temperature: 0.7, max_tokens: 1000 });
  expect(output).toEqual({
    text: 'Hi.',
    model: 'gpt-4-0613',
    finish_reason: 'stop',
    usage: { input_tokens: 12, output_tokens: 5 },
  });
  expect(asked).toEqual([
    {
      url: '/v1/chat/completions',
      authorization: 'Bearer operator-key',
      body: {
        model: 'gpt-4',
        messages: [{ role: 'user', content: 'hello' }],
        temperature: 0.7,
        max_tokens: 1000,
      },
    },
  ]);
  expect(context.counted).toEqual([{ input_tokens: 12, output_tokens: 5 }]);
  expect(context.lines.at(-1)!.message).toBe('gpt-4-0613 used 12 input and 5 output tokens');
});

test('system, earlier messages, prompt → in this order; model of the operator', async () => {
  replies = [says('ok')];
  const messages = [{ role: 'assistant', content: 'b' }];
  await run({ system: 'a', messages, prompt: 'c' }, { settings: { llmModel: 'local-1' } });
  expect(asked[0]!.body).toEqual({
    model: 'local-1',
    messages: [
      { role: 'system', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ],
  });
});

test('prompt file → variables filled in once, data never read as a place', async () => {
  replies = [says('ok')];
  const files = { 'p.md': 'Hi {{ name }}, {{data}}!' };
  const variables = { name: '{{ data }}', data: [1] };
  await run({ model: 'm', promptFile: { $file: 'p.md' }, variables }, { files });
  expect(asked[0]!.body['messages']).toEqual([{ role: 'user', content: 'Hi {{ data }}, [1]!' }]);
  const { error } = await run({ model: 'm', promptFile: { $file: 'p.md' } }, { files });
  expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
  expect(error!.message).toContain('{{ name }}');
});

test.each([
  ['{"category":"technical"}', { category: 'technical' }],
  ['```json\n{"category": "technical"}\n```', { category: 'technical' }],
  ['[1]', {}],
  ['category: technical', {}],
])('text %j → fields beside the text', async (text, fields) => {
  replies = [says(text)];
  const { output } = await run(prompt);
  expect(output).toEqual({
    ...fields,
    text,
    model: 'gpt-4-0613',
    finish_reason: 'stop',
    usage: { input_tokens: 12, output_tokens: 5 },
  });
});

const schema = {
  type: 'object',
  required: ['category'],
  properties: { category: { enum: ['technical', 'general'] } },
};

test('output.schema → asked for as json_schema, the object is the output', async () => {
  replies = [says('{"category":"general"}')];
  expect((await run({ ...prompt, output: { schema } })).output).toEqual({ category: 'general' });
  expect(asked[0]!.body['response_format']).toEqual({
    type: 'json_schema',
    json_schema: { name: 'answer', schema },
  });
});

test('an answer that breaks the schema → asked again once with what is wrong', async () => {
  replies = [says('{"category":"other"}'), says('{"category":"technical"}')];
  const { output, context } = await run({ ...prompt, output: { schema } });
  expect(output).toEqual({ category: 'technical' });
  const messages = asked[1]!.body['messages'] as { role: string; content: string }[];
  expect(messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user']);
  expect(messages[2]!.content).toContain('/category must be equal to one of the allowed values');
  expect(context.counted).toEqual([{ input_tokens: 24, output_tokens: 10 }]);
});

test('broken twice → hard malformed_output with the text', async () => {
  replies = [says('no'), says('still no')];
  const { error, context } = await run({ ...prompt, output: { schema } });
  expect(error).toMatchObject({ class: 'hard', code: 'malformed_output' });
  expect(error!.details).toMatchObject({ text: 'still no' });
  expect(context.counted).toHaveLength(1);
  expect(asked).toHaveLength(2);
});

test('an output.schema that is none → hard invalid_input, nothing asked', async () => {
  const { error } = await run({ ...prompt, output: { schema: { type: 'nonsense' } } });
  expect(error).toMatchObject({ class: 'hard', code: 'invalid_input' });
  expect(asked).toHaveLength(0);
});

test.each<[string, Reply, string, string]>([
  [
    '429',
    fails(429, { message: 'slow down', code: 'rate_limit_exceeded' }),
    'retryable',
    'rate_limited',
  ],
  [
    'quota spent',
    fails(429, { message: 'no money', code: 'insufficient_quota' }),
    'retryable',
    'quota',
  ],
  ['500', fails(500, { message: 'oops' }), 'retryable', 'transient'],
  [
    '503 overloaded',
    fails(503, { message: 'overloaded', type: 'overloaded_error' }),
    'retryable',
    'transient',
  ],
  ['529', fails(529, { message: 'overloaded' }), 'retryable', 'transient'],
  ['401', fails(401, { message: 'bad key', code: 'invalid_api_key' }), 'hard', 'unauthorised'],
  ['403', fails(403, { message: 'no' }), 'hard', 'unauthorised'],
  [
    'context length',
    fails(400, { message: 'too long', code: 'context_length_exceeded' }),
    'hard',
    'invalid_input',
  ],
  [
    '404',
    fails(404, { message: 'no such model', code: 'model_not_found' }),
    'hard',
    'invalid_input',
  ],
  ['not OpenAI-compatible', { status: 200, body: { hello: 'world' } }, 'hard', 'malformed_output'],
])('%s → %s %s, asked once', async (_, reply, errorClass, code) => {
  replies = [reply];
  const { error } = await run(prompt);
  expect(error).toMatchObject({ class: errorClass, code });
  expect(asked).toHaveLength(1);
});

test('Retry-After → retryAfterMs', async () => {
  replies = [fails(429, { message: 'slow down' }, { 'retry-after': '20' })];
  expect((await run(prompt)).error!.retryAfterMs).toBe(20_000);
});

test('connection cut → retryable transient', async () => {
  const { error } = await run(prompt);
  expect(error).toMatchObject({ class: 'retryable', code: 'transient' });
});

test('abort → the reason that the runner gave', async () => {
  const reason = { class: 'retryable', code: 'timeout', message: 'attempt timed out' };
  const { error } = await run(prompt, { signal: AbortSignal.abort(reason) });
  expect(error).toMatchObject(reason);
});

test('no endpoint → hard not_configured that says what to set', async () => {
  const { error } = await run(prompt, { settings: { llmBaseUrl: '' } });
  expect(error).toMatchObject({ class: 'hard', code: 'not_configured' });
  for (const name of ['BEHEST_LLM_BASE_URL', 'BEHEST_LLM_API_KEY', 'BEHEST_LLM_MODEL']) {
    expect(error!.message).toContain(name);
  }
  expect((await run({ prompt: 'x' })).error).toMatchObject({ code: 'not_configured' });
});

test('a step’s own endpoint → its own key, and past the address guard only', async () => {
  const own = { ...prompt, baseUrl: base, apiKey: 'step-key' };
  const refused = await run(own);
  expect(refused.error).toMatchObject({ class: 'hard', code: 'invalid_input' });
  expect(refused.error!.message).toContain('BEHEST_HTTP_ALLOW');
  expect(asked).toHaveLength(0);
  replies = [says('ok')];
  const allowed = await run(own, { settings: { httpAllow: ['127.0.0.1'] } });
  expect(allowed.output).toMatchObject({ text: 'ok' });
  expect(asked[0]!.authorization).toBe('Bearer step-key');
  const keyless = await run({ ...prompt, baseUrl: base });
  expect(keyless.error).toMatchObject({ class: 'hard', code: 'invalid_input' });
});
