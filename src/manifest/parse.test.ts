import { describe, expect, test } from 'vitest';
import { MAX_FILE_BYTES } from './decode.ts';
import { parseFile, parseText } from './parse.ts';
import { check, checkAll, expectProblems, type Expected } from './testing/check-text.ts';

describe('text that is not YAML', () => {
  checkAll([
    ['tab before a key', 'a: 1\n\tb: 2\n', ['2:1 tab', 'tab', 'Replace']],
    ['tab after spaces', 'a:\n  b: 1\n  \tc: 2\n', ['3:3 tab', 'tab', 'spaces']],
    ['quote never closed', 'a: "x', ['1:6 yaml-syntax', 'never closed', 'closing "']],
    ['single quote never closed', "a: 'x", ['1:6 yaml-syntax', 'never closed', "closing '"]],
    ['bracket never closed', 'a: [1, 2', ['1:9 yaml-syntax', 'bracket', 'closing ]']],
    ['brace never closed', 'a: {b: 1', ['1:9 yaml-syntax', 'bracket', 'closing }']],
    [
      'bracket closed by the next line',
      'a: [1, 2\nb: 3',
      ['2:1 yaml-syntax', 'bracket', 'closing ]'],
    ],
    ['wrong indentation', 'a:\n  - b\n c: 1', ['3:1 yaml-syntax', 'indentation', 'same column']],
    ['colon in plain text', 'a: b: c', ['1:4 yaml-syntax', 'cannot begin here', 'in quotes']],
    ['line without colon', 'a\nb: 1', ['1:1 yaml-syntax', 'neither', 'missing ":"']],
    ['key after a list', '- a\nb: 1', ['2:1 yaml-syntax']],
    ['at sign', 'x: @foo', ['1:4 yaml-syntax', 'cannot begin', 'quotes']],
    ['backtick', 'x: `foo`', ['1:4 yaml-syntax', 'cannot begin', 'quotes']],
    ['percent at the line’s begin', '%x: 1\n', ['1:1 yaml-syntax', '%', 'quotes']],
    ['unknown escape', 'x: "\\q"', ['1:5 yaml-syntax', 'escape', 'single quotes']],
    ['comma missing', 'x: ["a" "b"]', ['1:9 yaml-syntax', 'comma', 'Add']],
    ['comma too many', 'x: [a,,b]', ['1:7 yaml-syntax', 'comma too many', 'Remove']],
    ['two anchors', 'x: &a &b 1', ['1:7 yaml-syntax', 'one anchor', 'Remove']],
    ['alias with a tag', 'x: &a 1\ny: !!str *a', ['2:10 yaml-syntax', 'alias', 'Remove']],
    ['template without quotes', 'x: {{ input.x }}', ['1:5 unquoted-template', 'quotes', '"{{']],
    [
      'template without quotes, more behind it',
      'x: {{ a }}/b',
      ['1:11 unquoted-template', 'quotes', '"{{'],
    ],
    ['YAML 1.1', '%YAML 1.1\n---\na: yes\n', ['1:1 yaml-version', '1.1', 'Remove']],
  ]);
});

describe('YAML that JSON has no place for', () => {
  checkAll([
    ['duplicate key', 'a: 1\nb: 2\na: 3', ['3:1 duplicate-key', '"a"', 'Keep one']],
    ['duplicate key in braces', 'x: {a: 1, a: 2}', ['1:11 duplicate-key', '"a"', 'Keep one']],
    ['number as a key', '1: a', ['1:1 non-string-key', 'number 1', '"1"']],
    ['true as a key', 'x: {true: a}', ['1:5 non-string-key', 'boolean true', '"true"']],
    ['null as a key', '~: a', ['1:1 non-string-key', 'null', 'quotes']],
    ['list as a key', '? [a]\n: b', ['1:3 non-string-key', 'list', 'as text']],
    ['merge key', 'x: &x {a: 1}\ny: {<<: *x}', ['2:5 merge-key', '<<', 'alias']],
    ['__proto__', '__proto__: {a: 1}', ['1:1 bad-key', '__proto__', 'another name']],
    ['function tag', 'a: !!js/function "x"', ['1:4 unknown-tag', '!!js/function', 'Remove']],
    ['own tag on an object', 'a: !foo {b: 1}', ['1:4 unknown-tag', '!foo', 'Remove']],
    ['binary', 'a: !!binary aGk=', ['1:4 unknown-tag', '!!binary', 'Remove']],
    ['NaN', 'a: .nan', ['1:4 not-finite', 'not finite', 'quotes']],
    ['infinity', 'a: -.inf', ['1:4 not-finite', 'not finite']],
    ['number too big for a float', 'a: 1e999', ['1:4 not-finite']],
    ['whole number too big', 'a: 99999999999999999', ['1:4 unsafe-integer', '2^53', 'quotes']],
    ['unknown alias', 'a: &x 1\nb: *y', ['2:4 unknown-alias', '*y', '&x']],
    ['star in plain text', 'a: *.py', ['1:4 unknown-alias', '*.py', '"*.py"']],
    ['alias inside its anchor', 'a: &a [*a]', ['1:8 alias-cycle', '*a', 'itself']],
    [
      'several mistakes at once',
      '1: a\nb: .nan\nb: 2',
      ['1:1 non-string-key'],
      ['2:4 not-finite'],
      ['3:1 duplicate-key'],
    ],
  ]);

  test('an alias bomb is refused at once', () => {
    const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]'];
    for (let level = 1; level < 9; level += 1) {
      lines.push(
        `a${level}: &a${level} [${Array(9)
          .fill(`*a${level - 1}`)
          .join(', ')}]`,
      );
    }
    const [problem, ...others] = parseText('a.yaml', lines.join('\n')).problems;
    expect(others).toEqual([]);
    expect(problem?.code).toBe('alias-limit');
    expect(problem?.line).toBeGreaterThan(1);
  });

  test('201 aliases are too many, 200 are not', () => {
    const uses = (count: number) => `a: &a 1\nb: [${Array(count).fill('*a').join(', ')}]`;
    expect(parseText('a.yaml', uses(200)).problems).toEqual([]);
    expectProblems(parseText('a.yaml', uses(201)).problems, [['2:805 alias-limit', '200 aliases']]);
  });

  test('65 levels are too deep, 64 are not', () => {
    const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);
    expect(parseText('a.yaml', nested(65)).problems).toEqual([]);
    expectProblems(parseText('a.yaml', nested(66)).problems, [['1:66 too-deep', '64 levels']]);
  });

  test('a million open brackets are refused at once', () => {
    const { problems } = parseText('a.yaml', '['.repeat(1024 * 1024));
    expectProblems(problems, [['1:2001 too-deep', '2000 open brackets', 'Close']]);
  });

  test('more mistakes than anyone reads are cut off', () => {
    expect(parseText('a.yaml', 'a: 1\n'.repeat(5000)).problems).toHaveLength(100);
  });
});

describe('JSON files', () => {
  const cases: readonly (readonly [string, string, Expected])[] = [
    ['comma after the last item', '{"a": [1, 2,]}', ['1:12 json-syntax', 'comma', 'Remove']],
    ['key without quotes', '{a: 1}', ['1:2 json-syntax', 'JSON', 'double quotes']],
    ['single quotes', "{'a': 1}", ['1:2 json-syntax', 'JSON']],
    ['comment', '{\n  // no\n  "a": 1\n}', ['2:3 json-syntax', 'JSON', 'comments']],
    ['YAML in a JSON file', 'a: 1', ['1:1 json-syntax', 'JSON', '.yaml']],
    ['number with a leading zero', '{"a": 01}', ['1:7 json-syntax']],
    ['brace never closed', '{"a": 1', ['1:8 yaml-syntax', 'bracket', 'closing }']],
    ['duplicate key', '{"a": 1, "a": 2}', ['1:10 duplicate-key', '"a"']],
  ];
  test.each(cases)('%s', (_, text, expected) => check(text, [expected], 'a.json'));

  test('tabs and surrogate pairs are fine', () => {
    const { problems, documents } = parseText('a.json', '{\n\t"a": "\\ud83d\\ude00"\n}');
    expect(problems).toEqual([]);
    expect(documents[0]?.value).toEqual({ a: '😀' });
  });
});

describe('bytes', () => {
  test('a file over the limit is refused without being read', () => {
    const bytes = new Uint8Array(MAX_FILE_BYTES + 1).fill(0x20);
    expect(parseFile('a.yaml', bytes).problems[0]).toMatchObject({
      line: 1,
      column: 1,
      code: 'file-too-big',
    });
    expect(parseFile('a.yaml', bytes.subarray(1)).problems).toEqual([]);
  });

  test('bytes that are no UTF-8 are found where they are', () => {
    check(Uint8Array.of(0x61, 0x3a, 0x0a, 0x62, 0xff, 0x63), [
      ['2:2 invalid-utf8', 'UTF-8', 'Save'],
    ]);
  });

  test('a byte order mark and CRLF change no place', () => {
    const bytes = new TextEncoder().encode('\uFEFFa: 1\r\nb: .nan\r\n');
    expectProblems(parseFile('a.yaml', bytes).problems, [['2:4 not-finite']]);
  });

  test.each(['', '\n\n', '# only a comment\n', '---\n---\n', 'null\n'])(
    '%j has no documents',
    (text) => {
      expect(parseText('a.yaml', text)).toEqual({ documents: [], problems: [] });
    },
  );
});

describe('places', () => {
  const text = 'a: &x\n  b: "p {{ q }} r {{ q }}"\nc: *x\nd: |\n  one\n  two {{ q }}\n';
  const [document] = parseText('a.yaml', text).documents;
  const shown = (span: { start: number; end: number } | undefined) =>
    text.slice(span?.start, span?.end);

  test('a key and its value are told apart', () => {
    expect(shown(document?.locate(['a', 'b'], true))).toBe('b');
    expect(shown(document?.locate(['a', 'b']))).toBe('"p {{ q }} r {{ q }}"');
  });

  test('a path that leads nowhere is at its nearest parent', () => {
    expect(shown(document?.locate(['a', 'zz', 'y']))).toBe('a');
  });

  test('a path through an alias is where the value is written', () => {
    expect(document?.locate(['c', 'b'])).toEqual(document?.locate(['a', 'b']));
  });

  test('a part of quoted text is found by what comes before it', () => {
    const span = document?.locateInside(['a', 'b'], { offset: 15, length: 1 });
    expect(shown(span)).toBe('q');
    expect(span?.start).toBe(text.lastIndexOf('q }}"'));
  });

  test('a part of a block of text is found on its own line', () => {
    const span = document?.locateInside(['d'], { offset: 11, length: 1 });
    expect(span?.start).toBe(text.indexOf('q }}\n'));
  });
});

test.each(['- ', '? ', '? a : '])(
  '%j twenty thousand times in a line → too deep, there',
  (level) => {
    const { problems } = parseText('a.yaml', `${level.repeat(20_000)}x\nb: 1\n`);
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['too-deep', expect.any(Number)],
    ]);
  },
);
