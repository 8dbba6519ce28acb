import type { Compiled, ExprProblem } from './compiled.ts';
import { ExpressionError } from './expression-error.ts';
import { compileExpression, type Expression } from './expression.ts';
import { Frame } from './frame.ts';
import type { ExpressionFlaw } from './parse-expression.ts';
import type { Names, Scope } from './scope.ts';
import { skipQuoted, splitSegments } from './segments.ts';

/** A compiled condition. */
export interface Condition {
  /** Ids of the steps that it reads. */
  readonly reads: ReadonlySet<string>;
  /** Throws ExpressionError, also when the result is neither true nor false. */
  evaluate(scope: Scope): boolean;
}

/**
 * Compiles a condition: CEL, in which each `{{ e }}` reads as `(e)`, so that
 * `{{input.value}} > 10` and `input.value > 10` are the same. Secrets are never in scope.
 */
export function compileCondition(text: string, names: Names): Compiled<Condition> {
  const quoted = templateInQuotes(text);
  if (quoted !== null) return { ok: false, problems: [quoted] };
  const plain = withoutBraces(text);
  if (!plain.ok) return plain;
  const compiled = compileExpression(plain.value, { ...names, secrets: false });
  if (!compiled.ok)
    return { ok: false, problems: compiled.flaws.map((flaw) => ({ ...flaw, path: [] })) };
  const { expression } = compiled;
  const wrong = wrongType(expression);
  if (wrong !== null) return { ok: false, problems: [wrong] };
  return {
    ok: true,
    value: { reads: expression.steps, evaluate: (scope) => decide(expression, text, scope) },
  };
}

function decide(expression: Expression, text: string, scope: Scope): boolean {
  const value = expression.evaluate(new Frame(scope));
  if (typeof value === 'boolean') return value;
  const found =
    value === null ? 'null' : Array.isArray(value) ? 'a list' : `a value of type ${typeof value}`;
  throw new ExpressionError(`the condition gave ${found}; expected true or false`, text.trim());
}

function wrongType({ type, text }: Expression): ExprProblem | null {
  if (type === 'any' || type === 'bool') return null;
  const offset = text.length - text.trimStart().length;
  const span = { offset, length: text.trim().length };
  const message = `A condition must be true or false; this is a ${type}.`;
  return {
    code: 'not-a-condition',
    path: [],
    span,
    message,
    hint: 'Compare it, as in `input.count > 0`.',
  };
}

/** The braces become parentheses of the same width, so that places in the text stay the same. */
function withoutBraces(text: string): Compiled<string> {
  const split = splitSegments(text);
  if (!split.ok) {
    const message = 'The template that begins here has no closing `}}`.';
    return {
      ok: false,
      problems: [{ code: 'unterminated-template', path: [], span: split.unterminated, message }],
    };
  }
  let plain = text;
  for (const segment of split.segments) {
    if (segment.kind === 'text') continue;
    if (segment.text.trim() === '') return { ok: false, problems: [emptyTemplate(segment)] };
    const end = segment.offset + segment.text.length;
    plain = `${plain.slice(0, segment.offset - 2)} (${segment.text}) ${plain.slice(end + 2)}`;
  }
  return { ok: true, value: plain };
}

function emptyTemplate(segment: { readonly text: string; readonly offset: number }): ExprProblem {
  const span: ExpressionFlaw['span'] = { offset: segment.offset, length: segment.text.length };
  return { code: 'empty-expression', path: [], span, message: 'The expression is empty.' };
}

/** `"{{ x }}" == 'a'` would compare the braces themselves: the quotes are too much. */
function templateInQuotes(text: string): ExprProblem | null {
  for (let at = 0; at < text.length; at += 1) {
    if (text.startsWith('{{', at)) {
      const close = text.indexOf('}}', at);
      if (close < 0) return null;
      at = close + 1;
    } else if (text[at] === '"' || text[at] === "'") {
      const end = skipQuoted(text, at) ?? text.length;
      const open = text.slice(at, end).indexOf('{{');
      if (open >= 0) return quotedProblem(text, { at, end });
      at = end - 1;
    }
  }
  return null;
}

function quotedProblem(text: string, { at, end }: { at: number; end: number }): ExprProblem {
  const inner = /\{\{.*\}\}/s.exec(text.slice(at, end))?.[0] ?? '{{ … }}';
  return {
    code: 'template-in-quotes',
    path: [],
    span: { offset: at, length: end - at },
    message: 'A template inside quotes would be compared as it is written.',
    hint: `Write ${inner} without the quotes.`,
  };
}
