import { ExpressionError } from '../expr/expression-error.ts';
import type { Json } from '../expr/json.ts';
import { toStepError } from '../nodes/errors.ts';
import type { StepError } from '../task/error.ts';
import { storableText } from './check-output.ts';
import type { Redactor } from './redact.ts';

const MAX_MESSAGE_LENGTH = 8_192;
const MAX_DETAILS_LENGTH = 65_536;

/** Whatever an attempt threw, as the error that is stored: classified, bounded, without secrets. */
export function classify(thrown: unknown, redactor: Redactor): StepError {
  return storableError(stepErrorOf(thrown), redactor);
}

function stepErrorOf(thrown: unknown): StepError {
  if (thrown instanceof ExpressionError) {
    return { class: 'hard', code: 'expression', message: thrown.message };
  }
  return toStepError(thrown);
}

function storableError(error: StepError, redactor: Redactor): StepError {
  const { details, ...rest } = error;
  const message = storableText(cut(redactor.text(error.message), MAX_MESSAGE_LENGTH));
  const kept = details === undefined ? undefined : storableDetails(redactor.json(details));
  return { ...rest, message, ...(kept === undefined ? {} : { details: kept }) };
}

/** Evidence is worth keeping only while it is small; what is too large is kept as an excerpt. */
function storableDetails(details: Json): Json {
  let text: string | undefined;
  try {
    text = JSON.stringify(details);
  } catch {
    // Typed as JSON but thrown by foreign code: a cycle or a BigInt. The error itself matters more.
    return 'details are no JSON';
  }
  if (text === undefined) return null;
  if (text.length > MAX_DETAILS_LENGTH) return { excerpt: storableText(text.slice(0, 4_096)) };
  const parsed: Json = JSON.parse(text);
  return mapText(parsed, storableText);
}

function mapText(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => mapText(item, change));
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [change(key), mapText(child, change)]),
  );
}

function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}… (${text.length} characters)`;
}
