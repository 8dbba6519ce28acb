import { type ASTNode, Environment, ParseError } from '@marcbachmann/cel-js';
import type { Span } from './compiled.ts';
import { MAX_DEPTH, MAX_EXPRESSION_LENGTH, MAX_NODES } from './limits.ts';

/** A mistake at a place of one expression. */
export interface ExpressionFlaw {
  readonly code: string;
  readonly span: Span;
  readonly message: string;
  readonly hint?: string;
}

/** Only its grammar is used: Behest evaluates by itself (docs/decisions/0001). */
const GRAMMAR = new Environment({
  unlistedVariablesAreDyn: true,
  enableOptionalTypes: true,
  limits: {
    maxAstNodes: MAX_NODES,
    maxDepth: MAX_DEPTH,
    maxListElements: MAX_NODES,
    maxMapEntries: MAX_NODES,
  },
});

export type Parsed =
  | { readonly ok: true; readonly ast: ASTNode }
  | { readonly ok: false; readonly flaw: ExpressionFlaw };

/** The syntax tree of a CEL expression, or what is wrong with its text. */
export function parseExpression(text: string): Parsed {
  if (text.trim() === '') {
    const span = { offset: 0, length: text.length };
    const message = 'The expression is empty.';
    return {
      ok: false,
      flaw: {
        code: 'empty-expression',
        span,
        message,
        hint: 'Write a value such as `input.name`.',
      },
    };
  }
  if (text.length > MAX_EXPRESSION_LENGTH) return { ok: false, flaw: tooLong(text) };
  try {
    return { ok: true, ast: GRAMMAR.parse(text).ast };
  } catch (error) {
    return { ok: false, flaw: flawOf(error, text) };
  }
}

function tooLong(text: string): ExpressionFlaw {
  return {
    code: 'expression-too-large',
    span: { offset: MAX_EXPRESSION_LENGTH, length: text.length - MAX_EXPRESSION_LENGTH },
    message: `The expression has ${text.length} characters; at most ${MAX_EXPRESSION_LENGTH} are allowed.`,
    hint: 'Split it over several transform steps, or use a code step.',
  };
}

function flawOf(error: unknown, text: string): ExpressionFlaw {
  // The parser recurses for `!!!!…`: with thousands of them the stack ends before its own limits.
  if (error instanceof RangeError) {
    return {
      ...tooLong(text),
      span: { offset: 0, length: text.length },
      message: 'The expression nests too deep.',
    };
  }
  if (!(error instanceof ParseError)) throw error;
  const { start = 0, end = start } = error.range ?? {};
  const offset = Math.min(start, text.length);
  const span = {
    offset,
    length: Math.max(Math.min(end, text.length) - offset, offset < text.length ? 1 : 0),
  };
  if (error.code === 'limit_exceeded') {
    return {
      ...tooLong(text),
      span,
      message: `The expression is too large: ${limitText(error.summary)}.`,
    };
  }
  const hint = hintFor(text, offset);
  return {
    code: 'syntax',
    span,
    message: messageOf(error, text, span),
    ...(hint === undefined ? {} : { hint }),
  };
}

function limitText(summary: string): string {
  return summary.includes('maxDepth')
    ? `it nests more than ${MAX_DEPTH} levels`
    : `it has more than ${MAX_NODES} parts`;
}

/** The parser names tokens by its own constants; people know them by their signs. */
function messageOf(error: ParseError, text: string, span: Span): string {
  const found = text.slice(span.offset, span.offset + span.length).trim();
  switch (error.code) {
    case 'unexpected_token':
    case 'expected_token':
    case 'unexpected_character':
      return found === '' ? 'The expression ends too early.' : `Unexpected \`${found}\`.`;
    case 'invalid_macro_argument':
      return 'The first argument must be the name of a variable, as in `list.map(x, x.id)`.';
    case 'reserved_identifier':
      return `\`${found}\` is a reserved word of CEL.`;
    default:
      return `${error.summary}.`;
  }
}

const WORDS: Readonly<Record<string, string>> = { and: '&&', or: '||', not: '!', is: '==' };

function hintFor(text: string, offset: number): string | undefined {
  const rest = text.slice(offset);
  const word = /^[A-Za-z]+/.exec(rest)?.[0] ?? '';
  const operator = WORDS[word.toLowerCase()];
  if (operator !== undefined) return `Write \`${operator}\` for "${word}".`;
  if (word === 'in') return 'A field named "in" is read as `x["in"]`.';
  if (rest.startsWith('=')) return 'Compare with `==`.';
  if (rest.startsWith('`')) return 'Write text in "double" or \'single\' quotes.';
  if (rest.startsWith('|'))
    return 'There are no filters; call a function: `trim(x)` or `x.trim()`.';
  if (rest.startsWith('$')) return 'Names are written without `$`.';
  return undefined;
}
