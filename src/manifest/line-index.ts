/** Where the lines of a text begin. `\n`, `\r\n` and a lone `\r` end a line. */
export class LineIndex {
  readonly #text: string;
  readonly #starts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (const match of text.matchAll(/\r\n|\n|\r/g)) {
      this.#starts.push(match.index + match[0].length);
    }
  }

  get count(): number {
    return this.#starts.length;
  }

  /** Line and column, from 1. An offset past the end is the end. */
  placeOf(offset: number): { readonly line: number; readonly column: number } {
    const at = Math.min(Math.max(offset, 0), this.#text.length);
    let low = 0;
    let high = this.#starts.length - 1;
    while (low < high) {
      const middle = Math.ceil((low + high) / 2);
      if ((this.#starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    const column = at - (this.#starts[low] ?? 0) + 1;
    // Between the two characters of a line's end there is no column.
    const isInsideEnd = this.#text[at] === '\n' && this.#text[at - 1] === '\r';
    return { line: low + 1, column: isInsideEnd ? column - 1 : column };
  }

  /** The text of a line (from 1), without its end. */
  lineAt(line: number): string {
    const start = this.#starts[line - 1];
    if (start === undefined) return '';
    return this.#text.slice(start, this.#starts[line] ?? this.#text.length).replace(/[\r\n]+$/, '');
  }
}
