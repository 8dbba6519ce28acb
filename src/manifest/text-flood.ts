import { Lexer } from 'yaml';
import type { Mistake, TextSpan } from './source-text.ts';
import { MAX_ALIASES, MAX_VALUES } from './yaml-value.ts';

/** More open brackets than any text has by accident; the library takes seconds over a million. */
export const MAX_OPEN_BRACKETS = 2000;

/** Many values have a key. Of more than these the library makes no tree within a second. */
export const MAX_SCALARS = 1.5 * MAX_VALUES;

export const MAX_LINES = 200_000;

/** Documents of one file. */
export const MAX_DOCUMENTS = 1000;

/** Anchors, aliases, tags and directives of one file. */
export const MAX_MARKS = 10 * MAX_ALIASES;

/** With the punctuation between the values. */
const MAX_TOKENS = 5 * MAX_VALUES;

/** Shorter texts cannot hold enough to take long. */
const LONG_TEXT = 4 * MAX_DOCUMENTS;

/** What the library's lexer says before each scalar without quotes. */
const SCALAR = '\u001f';

interface Flood {
  readonly span: TextSpan;
  readonly mistake: Mistake;
}

/** Where a text goes beyond what any file may hold: told before the library builds it all. */
export function findFlood(text: string): Flood | null {
  const open = deepNesting(text);
  if (open !== null) return { span: open, mistake: tooNested };
  if (text.length < LONG_TEXT) return null;
  const end = nthLineEnd(text);
  if (end !== null)
    return { span: { start: end, end: end + 1 }, mistake: tooMany('lines', MAX_LINES) };
  return tokenFlood(text);
}

function deepNesting(text: string): TextSpan | null {
  let open = 0;
  for (const { 0: bracket, index } of text.matchAll(/[[\]{}]/g)) {
    open += bracket === '[' || bracket === '{' ? 1 : -1;
    if (open > MAX_OPEN_BRACKETS) return { start: index, end: index + 1 };
    if (open < 0) open = 0;
  }
  return null;
}

function nthLineEnd(text: string): number | null {
  let end = -1;
  for (let line = 0; line <= MAX_LINES; line += 1) {
    end = text.indexOf('\n', end + 1);
    if (end < 0) return null;
  }
  return end;
}

function tokenFlood(text: string): Flood | null {
  const counts = { scalars: 0, documents: 0, marks: 0, tokens: 0 };
  let offset = 0;
  for (const token of new Lexer().lex(text)) {
    const kind = kindOf(token);
    if (kind !== null) counts[kind] += 1;
    if (token !== SCALAR && !/^\s*$/.test(token)) counts.tokens += 1;
    if (token !== SCALAR && !/^[\u0002\u0018]$/.test(token)) offset += token.length;
    const mistake = mistakeOf(counts);
    if (mistake !== null) return { span: { start: offset - 1, end: offset }, mistake };
  }
  return null;
}

function kindOf(token: string): 'scalars' | 'documents' | 'marks' | null {
  if (token === SCALAR || /^["']/.test(token)) return 'scalars';
  if (token === '---' || token === '...') return 'documents';
  return /^[&*!%]/.test(token) ? 'marks' : null;
}

interface Counts {
  readonly scalars: number;
  readonly documents: number;
  readonly marks: number;
  readonly tokens: number;
}

function mistakeOf(counts: Counts): Mistake | null {
  if (counts.scalars > MAX_SCALARS) return tooMany('keys and values', MAX_SCALARS);
  if (counts.documents > MAX_DOCUMENTS) return tooMany('documents', MAX_DOCUMENTS);
  if (counts.marks > MAX_MARKS) return tooMany('anchors, aliases and tags', MAX_MARKS);
  return counts.tokens > MAX_TOKENS ? tooMany('keys, values and marks', MAX_TOKENS) : null;
}

function tooMany(what: string, limit: number): Mistake {
  return {
    code: 'too-many-values',
    message: `The file has more than ${limit} ${what}.`,
    hint: 'Split the file, or move data into a file that a step reads.',
  };
}

const tooNested: Mistake = {
  code: 'too-deep',
  message: `There are more than ${MAX_OPEN_BRACKETS} open brackets here.`,
  hint: 'Close them, or move deep data into a file of the workflow’s folder.',
};
