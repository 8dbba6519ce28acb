import type { Json } from '../../expr/json.ts';
import { HardError } from '../errors.ts';
import type { StepContext } from '../node-type.ts';
import { answerValidator, checkAnswer, fieldsOf } from './answer.ts';
import { complete, type Completion, type Conversation } from './complete.ts';
import { readLlmConfig, type LlmMessage } from './config.ts';
import { endpointOf } from './endpoint.ts';
import { conversation } from './messages.ts';

/** Asks the model that the config names; see docs/spec/nodes/llm.md. */
export async function executeLlm(context: StepContext, config: Json): Promise<Json> {
  const settings = readLlmConfig(config);
  const endpoint = await endpointOf(context, settings);
  const messages = await conversation(context, settings);
  const asked: Conversation = { context, config: settings, endpoint };
  return settings.output === undefined
    ? inProse(asked, messages)
    : inForm(asked, messages, answerValidator(settings.output.schema));
}

async function inProse(asked: Conversation, messages: readonly LlmMessage[]): Promise<Json> {
  const answer = await complete(asked, messages);
  account(asked.context, [answer]);
  return {
    ...fieldsOf(answer.text),
    text: answer.text,
    model: answer.model,
    finish_reason: answer.finishReason,
    usage: { input_tokens: answer.inputTokens, output_tokens: answer.outputTokens },
  };
}

/** An answer that breaks the schema is shown to the model once, with what is wrong about it. */
async function inForm(
  asked: Conversation,
  messages: readonly LlmMessage[],
  validate: ReturnType<typeof answerValidator>,
): Promise<Json> {
  const first = await complete(asked, messages);
  const checked = checkAnswer(first.text, validate);
  if (checked.kind === 'valid') {
    account(asked.context, [first]);
    return checked.value;
  }
  asked.context.log('warn', `the answer breaks the schema, asking once more: ${checked.problem}`);
  const second = await complete(asked, [
    ...messages,
    { role: 'assistant', content: first.text },
    { role: 'user', content: repairRequest(checked.problem) },
  ]);
  account(asked.context, [first, second]);
  const repaired = checkAnswer(second.text, validate);
  if (repaired.kind === 'valid') return repaired.value;
  throw new HardError(
    'malformed_output',
    `the answer breaks output.schema, also when asked again: ${repaired.problem}`,
    { details: { text: second.text.slice(0, 2048), finish_reason: second.finishReason } },
  );
}

function repairRequest(problem: string): string {
  return (
    `That answer cannot be used: ${problem}. ` +
    'Answer again with the JSON only, obeying the schema, without any text around it.'
  );
}

function account(context: StepContext, answers: readonly Completion[]): void {
  const sum = (count: (answer: Completion) => number): number =>
    answers.reduce((total, answer) => total + count(answer), 0);
  const inputTokens = sum((answer) => answer.inputTokens);
  const outputTokens = sum((answer) => answer.outputTokens);
  context.stats({ input_tokens: inputTokens, output_tokens: outputTokens });
  const model = answers.at(-1)?.model ?? '';
  context.log('info', `${model} used ${inputTokens} input and ${outputTokens} output tokens`);
}
