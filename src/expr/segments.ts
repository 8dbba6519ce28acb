import type { Span } from './compiled.ts';

/** A piece of a string with templates: text as it is, or the expression between braces. */
export type Segment =
  | { readonly kind: 'text'; readonly text: string }
  /** `offset` is where the expression's text begins in the whole string. */
  | { readonly kind: 'expression'; readonly text: string; readonly offset: number };

export type Segments =
  | { readonly ok: true; readonly segments: readonly Segment[] }
  | { readonly ok: false; readonly unterminated: Span };

/** Whether a string has anything for `splitSegments` to do. */
export function hasTemplate(text: string): boolean {
  return text.includes('{{');
}

/**
 * Splits `text {{ expression }} text`. Braces inside the expression's quotes and its own maps
 * belong to it. `{{{{` stands for two literal opening braces.
 */
export function splitSegments(text: string): Segments {
  const segments: Segment[] = [];
  let literal = '';
  let at = 0;
  for (;;) {
    const open = text.indexOf('{{', at);
    if (open < 0) break;
    literal += text.slice(at, open);
    if (text.startsWith('{{{{', open)) {
      literal += '{{';
      at = open + 4;
      continue;
    }
    const close = findClose(text, open + 2);
    if (close === null) {
      return { ok: false, unterminated: { offset: open, length: text.length - open } };
    }
    if (literal !== '') segments.push({ kind: 'text', text: literal });
    literal = '';
    segments.push({ kind: 'expression', text: text.slice(open + 2, close), offset: open + 2 });
    at = close + 2;
  }
  literal += text.slice(at);
  if (literal !== '') segments.push({ kind: 'text', text: literal });
  return { ok: true, segments };
}

/** Where the `}}` that ends the expression begins. */
function findClose(text: string, start: number): number | null {
  let depth = 0;
  for (let at = start; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"' || char === "'") {
      const end = skipQuoted(text, at);
      if (end === null) return null;
      at = end - 1;
    } else if (char === '{') depth += 1;
    else if (char === '}' && depth > 0) depth -= 1;
    else if (char === '}' && text[at + 1] === '}') return at;
  }
  return null;
}

/** The place after the text in quotes that begins here; null when it does not end. */
export function skipQuoted(text: string, start: number): number | null {
  const quote = text[start] ?? '"';
  const mark = text.startsWith(quote.repeat(3), start) ? quote.repeat(3) : quote;
  for (let at = start + mark.length; at < text.length; at += 1) {
    if (text[at] === '\\') at += 1;
    else if (text.startsWith(mark, at)) return at + mark.length;
  }
  return null;
}
