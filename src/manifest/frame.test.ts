import { expect, test } from 'vitest';
import { frame } from './frame.ts';
import { LineIndex } from './line-index.ts';

function check(text: string, part: string, expected: readonly string[]): void {
  const start = text.indexOf(part);
  const shown = frame(new LineIndex(text), { start, end: start + part.length });
  expect(shown.split('\n')).toEqual(expected);
}

test('the line before and the line after are shown', () => {
  check('one\ntwo three\nfour\nfive', 'three', [
    '  1 | one',
    '> 2 | two three',
    '    |     ^^^^^',
    '  3 | four',
  ]);
});

test('line numbers line up where they grow a digit', () => {
  check('x\n'.repeat(8) + 'nine\nten', 'nine', [
    '   8 | x',
    '>  9 | nine',
    '     | ^^^^',
    '  10 | ten',
  ]);
});

test('a tab before the span takes as many columns in both lines', () => {
  check('\tab', 'b', ['> 1 |   ab', '    |    ^']);
});

test('wide characters take two columns, combining marks none', () => {
  check('日本: x', 'x', ['> 1 | 日本: x', '    |       ^']);
  check('e\u0301: x', 'x', ['> 1 | e\u0301: x', '    |    ^']);
  check('📦📦', '📦', ['> 1 | 📦📦', '    | ^^']);
});

test('a span over several lines is marked on its first', () => {
  check('a: [1,\n  2]\n', '[1,\n  2]', ['> 1 | a: [1,', '    |    ^^^', '  2 |   2]']);
});

test('a long line is cut so that the span is in sight', () => {
  const text = `${'x'.repeat(500)}HERE${'y'.repeat(500)}`;
  const lines = frame(new LineIndex(text), { start: 500, end: 504 }).split('\n');
  expect(lines[0]?.length).toBeLessThan(120);
  expect(lines[0]?.indexOf('HERE')).toBe(lines[1]?.indexOf('^^^^'));
});

test('control characters are not sent to the terminal', () => {
  check('a\u001b[31m: b', 'b', ['> 1 | a\uFFFD[31m: b', '    |         ^']);
});

test('the end of a text without a line end has a place', () => {
  check('ab', '', ['> 1 | ab', '    | ^']);
});

test('between the two characters of a line end → behind the line, which has that column', () => {
  const lines = new LineIndex('ab\r\ncd\n');
  const places = [2, 3, 4, 6, 7].map((offset) => lines.placeOf(offset));
  expect(places.map(({ line, column }) => `${line}:${column}`)).toEqual([
    '1:3',
    '1:3',
    '2:1',
    '2:3',
    '3:1',
  ]);
});
