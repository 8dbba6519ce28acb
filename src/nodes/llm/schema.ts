import type { JsonObject } from '../../expr/json.ts';
import { configObject, orTemplate } from '../config-schema.ts';

export const llmConfig = configObject(
  {
    model: {
      description: 'Name of the model at the endpoint; by default the one the operator set.',
      type: 'string',
      minLength: 1,
    },
    prompt: { description: 'The user’s message.', type: 'string', minLength: 1 },
    promptFile: {
      description: 'File of the workflow’s folder that holds the prompt, in place of `prompt`.',
      type: 'string',
      minLength: 1,
    },
    variables: orTemplate({
      description: 'Values for the `{{ name }}` places in the prompt file, filled in one pass.',
      type: 'object',
      default: {},
    }),
    system: { description: 'The system message.', type: 'string' },
    messages: orTemplate({
      description: 'Earlier messages of the conversation; the prompt, if any, comes after them.',
      type: 'array',
      minItems: 1,
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['role', 'content'],
        properties: {
          role: { description: 'Who speaks.', enum: ['system', 'user', 'assistant'] },
          content: { description: 'What is said.', type: 'string' },
        },
      },
    }),
    temperature: orTemplate({
      description: '0 is the most predictable; the endpoint’s default when not set.',
      type: 'number',
      minimum: 0,
      maximum: 2,
    }),
    top_p: orTemplate({
      description: 'Nucleus sampling; the endpoint’s default when not set.',
      type: 'number',
      minimum: 0,
      maximum: 1,
    }),
    max_tokens: orTemplate({
      description: 'The most tokens to answer with; the endpoint’s default when not set.',
      type: 'integer',
      minimum: 1,
    }),
    stop: orTemplate({
      description: 'Texts at which the answer ends.',
      type: 'array',
      items: { type: 'string' },
      minItems: 1,
      maxItems: 4,
    }),
    output: {
      description: 'Asks for an answer in a given form; the output of the step is that object.',
      type: 'object',
      additionalProperties: false,
      required: ['schema'],
      properties: {
        schema: { description: 'JSON Schema that the answer must obey.', type: 'object' },
        name: {
          description: 'Name of the form, told to the model.',
          type: 'string',
          pattern: '^[A-Za-z0-9_-]{1,64}$',
          default: 'answer',
        },
      },
    },
    baseUrl: {
      description:
        'Base URL of another OpenAI-compatible endpoint, with `apiKey`. The operator’s key is ' +
        'never sent there.',
      type: 'string',
      minLength: 1,
    },
    apiKey: { description: 'Key for `baseUrl`; use a secret.', type: 'string', minLength: 1 },
  },
  {
    anyOf: [{ required: ['prompt'] }, { required: ['promptFile'] }, { required: ['messages'] }],
    not: { required: ['prompt', 'promptFile'] },
    dependentRequired: { baseUrl: ['apiKey'], apiKey: ['baseUrl'] },
  },
);

export const llmOutput: JsonObject = {
  description:
    'Without `output.schema`. With it, the output is the object that the schema asks for.',
  type: 'object',
  required: ['text', 'model', 'finish_reason', 'usage'],
  properties: {
    text: { description: 'The answer.', type: 'string' },
    model: { description: 'The model that answered.', type: 'string' },
    finish_reason: { description: '`stop`, `length`, …', type: 'string' },
    usage: {
      type: 'object',
      required: ['input_tokens', 'output_tokens'],
      properties: { input_tokens: { type: 'integer' }, output_tokens: { type: 'integer' } },
    },
  },
  additionalProperties: true,
};
