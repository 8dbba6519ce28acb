import type { Compiled, ExprProblem } from './compiled.ts';
import type { Deferred } from './deferred.ts';
import { ExpressionError } from './expression-error.ts';
import { compileExpression, type Expression } from './expression.ts';
import { Fault } from './fault.ts';
import type { Frame } from './frame.ts';
import type { Json } from './json.ts';
import type { Names } from './scope.ts';
import { hasTemplate, type Segment, splitSegments } from './segments.ts';
import { toText } from './to-json.ts';

/** One string with templates, compiled. */
export interface Text {
  readonly reads: ReadonlySet<string>;
  readonly hasSecrets: boolean;
  /** The string's value: of any type when it is one template, else text. Not with secrets. */
  readonly fill: (frame: Frame) => Json;
  /** The same in parts, with the expressions that read secrets left as they are. */
  readonly parts: (frame: Frame) => Deferred['parts'];
}

/** Mistakes of one text that are looked for. */
const MAX_PROBLEMS = 100;

type Part = { readonly text: string } | { readonly expression: Expression };

/** Compiles one string; null when it has no template. Problems have an empty path. */
export function compileText(text: string, names: Names): Compiled<Text> | null {
  if (!hasTemplate(text)) return null;
  const split = splitSegments(text);
  if (!split.ok) {
    const problem: ExprProblem = {
      code: 'unterminated-template',
      path: [],
      span: split.unterminated,
      message: 'The template that begins here has no closing `}}`.',
      hint: 'Two literal braces are written `{{{{`.',
    };
    return { ok: false, problems: [problem] };
  }
  const problems: ExprProblem[] = [];
  const parts = split.segments.map((segment) => compileSegment(segment, names, problems));
  if (problems.length > 0) return { ok: false, problems };
  return { ok: true, value: textOf(parts) };
}

function compileSegment(segment: Segment, names: Names, problems: ExprProblem[]): Part {
  if (segment.kind === 'text') return { text: segment.text };
  if (problems.length > MAX_PROBLEMS) return { text: '' };
  const compiled = compileExpression(segment.text, names);
  if (compiled.ok) return { expression: compiled.expression };
  for (const { span, ...rest } of compiled.flaws) {
    problems.push({
      ...rest,
      path: [],
      span: { offset: segment.offset + span.offset, length: span.length },
    });
  }
  return { text: '' };
}

function textOf(parts: readonly Part[]): Text {
  const reads = new Set(
    parts.flatMap((part) => ('text' in part ? [] : [...part.expression.steps])),
  );
  const hasSecrets = parts.some((part) => isSecret(part));
  return {
    reads,
    hasSecrets,
    fill: fillOf(parts),
    parts: (frame) => mergeTexts(parts.map((part) => partOf(frame, part))),
  };
}

function isSecret(part: Part): boolean {
  return 'expression' in part && part.expression.secrets.size > 0;
}

function fillOf(parts: readonly Part[]): (frame: Frame) => Json {
  const [first] = parts;
  if (parts.length === 1 && first !== undefined) {
    return 'text' in first ? () => first.text : first.expression.evaluate;
  }
  return (frame) =>
    joined(
      frame,
      parts.map((part) => textOfPart(frame, part)),
    );
}

function textOfPart(frame: Frame, part: Part): string {
  if ('text' in part) return part.text;
  return within(part.expression, () => toText(frame, part.expression.evaluate(frame)));
}

/** Making text of a value meets limits of its own. */
function within(expression: Expression, work: () => string): string {
  try {
    return work();
  } catch (error) {
    if (error instanceof Fault) throw new ExpressionError(error.message, expression.text.trim());
    throw error;
  }
}

function joined(frame: Frame, texts: readonly string[]): string {
  try {
    frame.chargeText(texts.reduce((sum, text) => sum + text.length, 0));
    return texts.join('');
  } catch (error) {
    if (error instanceof Fault)
      throw new ExpressionError(`The text with templates failed: ${error.message}`);
    throw error;
  }
}

function partOf(frame: Frame, part: Part): Deferred['parts'][number] {
  if (isSecret(part) && 'expression' in part) return { secret: part.expression.text.trim() };
  return { text: textOfPart(frame, part) };
}

function mergeTexts(parts: Deferred['parts']): Deferred['parts'] {
  const merged: Deferred['parts'][number][] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if ('text' in part && last !== undefined && 'text' in last) {
      merged[merged.length - 1] = { text: last.text + part.text };
    } else merged.push(part);
  }
  return merged;
}
