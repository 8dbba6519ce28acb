import type { FileProblem } from '../record/source.ts';
import { frame } from './frame.ts';
import { LineIndex } from './line-index.ts';

/** A stretch of a text, in UTF-16 units; `end` is exclusive. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** What is wrong, before it has a place. */
export interface Mistake {
  readonly code: string;
  readonly severity?: 'error' | 'warning';
  readonly message: string;
  readonly hint?: string;
}

/** The text of one file: turns a mistake at a span into a problem that a person can act on. */
export class SourceText {
  readonly file: string;
  readonly text: string;
  readonly #lines: LineIndex;

  constructor(file: string, text: string) {
    this.file = file;
    this.text = text;
    this.#lines = new LineIndex(text);
  }

  /** Line and column, from 1; columns count UTF-16 units, as editors do. */
  placeOf(offset: number): { readonly line: number; readonly column: number } {
    return this.#lines.placeOf(offset);
  }

  problemAt(span: TextSpan, mistake: Mistake): FileProblem {
    const { line, column } = this.placeOf(span.start);
    return {
      file: this.file,
      line,
      column,
      code: mistake.code,
      severity: mistake.severity ?? 'error',
      message: readable(mistake.message),
      hint: readable(mistake.hint ?? ''),
      frame: frame(this.#lines, span),
    };
  }
}

/** Longer than any message of ours: it quotes a word that goes on and on. */
const MAX_WORDS = 1000;

function readable(words: string): string {
  return words.length > MAX_WORDS ? `${words.slice(0, MAX_WORDS - 1).toWellFormed()}…` : words;
}
