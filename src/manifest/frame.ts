import type { LineIndex } from './line-index.ts';
import type { TextSpan } from './source-text.ts';

/** Columns shown of a line; a longer one is cut around the span. */
const MAX_WIDTH = 100;

const TAB_WIDTH = 2;

/** One line before the span, its first line, one line after; carets under the span. */
export function frame(lines: LineIndex, span: TextSpan): string {
  const { line, column } = lines.placeOf(span.start);
  const text = lines.lineAt(line);
  const length = Math.max(1, Math.min(span.end - span.start, text.length - column + 1));
  const first = Math.max(1, line - 1);
  const last = Math.min(lines.count, line + 1);
  const from = cutBefore(text, column);
  const margin = String(last).length;
  const rows: string[] = [];
  for (let number = first; number <= last; number += 1) {
    const mark = number === line ? '>' : ' ';
    rows.push(
      row(`${mark} ${String(number).padStart(margin)} | `, show(lines.lineAt(number), from)),
    );
    if (number !== line) continue;
    const before = width(text.slice(from, column - 1));
    const under = Math.max(1, width(text.slice(column - 1, column - 1 + length)));
    const carets = '^'.repeat(Math.min(under, Math.max(1, MAX_WIDTH - before)));
    rows.push(`  ${' '.repeat(margin)} | ${' '.repeat(before)}${carets}`);
  }
  return rows.join('\n');
}

function row(margin: string, text: string): string {
  return `${margin}${text}`.trimEnd();
}

/** Where a long line begins to be shown, so that the span is in sight. */
function cutBefore(text: string, column: number): number {
  if (text.length <= MAX_WIDTH || column < MAX_WIDTH - 20) return 0;
  const from = column - 1 - Math.floor(MAX_WIDTH / 3);
  const isInsidePair = /[\uDC00-\uDFFF]/.test(text.charAt(from));
  return isInsidePair ? from - 1 : from;
}

function show(text: string, from: number): string {
  let shown = '';
  let used = 0;
  for (const character of text.slice(from, from + MAX_WIDTH)) {
    used += width(character);
    if (used > MAX_WIDTH) break;
    shown += printable(character);
  }
  return shown;
}

/** Control characters would move the terminal's cursor, or worse. */
function printable(character: string): string {
  if (character === '\t') return ' '.repeat(TAB_WIDTH);
  return /[\p{Cc}\p{Cs}\u2028\u2029\u202A-\u202E\u2066-\u2069]/u.test(character)
    ? '\uFFFD'
    : character;
}

const ZERO_WIDTH = /^(?:\p{Mn}|\p{Me}|\u200B|\u200C|\u200D|\uFE0E|\uFE0F)$/u;
const DOUBLE_WIDTH =
  /^[\p{Emoji_Presentation}\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE4F\uFF00-\uFF60\uFFE0-\uFFE6\u{20000}-\u{3FFFD}]$/u;

/** Columns that a text takes on a terminal. */
function width(text: string): number {
  let total = 0;
  for (const character of text) {
    if (character === '\t') total += TAB_WIDTH;
    else if (DOUBLE_WIDTH.test(character)) total += 2;
    else if (!ZERO_WIDTH.test(character)) total += 1;
  }
  return total;
}
