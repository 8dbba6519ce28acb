import { describe, expect, it } from 'vitest';
import type { Json } from '../json.ts';
import type { Scope } from '../scope.ts';
import { compileTemplate } from '../template.ts';
import { FUNCTIONS } from './function-table.ts';

const NO_STEPS: ReadonlySet<string> = new Set();
const SCOPE: Scope = {
  input: { n: -1.5, s: 'Ä b', smile: 'a😀b', list: [3, 1, 3], nested: [[1, [2]], 3] },
  run: {},
  workflow: {},
  step: () => ({ status: 'pending', output: null, error: null }),
};

function evaluate(expression: string): Json {
  const names = { steps: NO_STEPS, allSteps: NO_STEPS, item: false, secrets: false };
  const compiled = compileTemplate(`{{ ${expression} }}`, names);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  return compiled.value.evaluate(SCOPE);
}

const RESULTS: readonly (readonly [string, Json])[] = [
  ['size("abc") + "ab".size() + size([1]) + size({"a": 1}) + size(b"xy")', 9],
  ['size(input.smile)', 3],
  ['"abc".contains("b") && "abc".startsWith("a") && "abc".endsWith("c")', true],
  ['"foobar".matches("^fo+b") && !"x".matches("y")', true],
  ['"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab".matches("(a+)+$")', false],
  ['"hello".indexOf("l") + "hello".lastIndexOf("l") + "x".indexOf("y")', 4],
  ['input.smile.indexOf("b")', 2],
  ['"abc".charAt(1)', 'b'],
  ['"hello".substring(1) + "hello".substring(1, 3)', 'elloel'],
  ['input.smile.substring(1, 2)', '😀'],
  ['"ÄbC".lowerAscii() + "äbC".upperAscii()', 'ÄbcäBC'],
  ['input.s.lower() + input.s.upper() + " x ".trim()', 'ä bÄ Bx'],
  ['reverse(input.smile)', 'b😀a'],
  ['urlEncode("a b&c/ä")', 'a%20b%26c%2F%C3%A4'],
  ['"a-b-c".replace("-", "+") + "a-b-c".replace("-", "+", 1)', 'a+b+ca+b-c'],
  ['"a,b,c".split(",")', ['a', 'b', 'c']],
  ['"a,b,c".split(",", 2)', ['a', 'b,c']],
  ['"a,b".split(",", 0)', []],
  ['["a", 1, null].join("-") + ["x", "y"].join()', 'a-1-xy'],
  ['"%s has %d of %.1f, %f%%".format(["Bo", 2.0, 3.14, 1])', 'Bo has 2 of 3.1, 1.000000%'],
  ['range(3) + range(5, 7)', [0, 1, 2, 5, 6]],
  ['flatten(input.nested)', [1, [2], 3]],
  ['flatten(input.nested, 9)', [1, 2, 3]],
  [
    'distinct([1, 1.0, "1", null, null, [1], [1], {"a": 1}, {"a": 1}])',
    [1, '1', null, [1], { a: 1 }],
  ],
  ['sort(input.list) + ["b", "a"].sort() + reverse([1, 2])', [1, 3, 3, 'a', 'b', 2, 1]],
  ['[1, 2, 3, 4].slice(1, 3)', [2, 3]],
  ['first([1, 2]) + last([1, 2])', 3],
  ['sum(input.list) + sum([])', 7],
  ['min(input.list) + max(input.list) + min(4, 5) + max("a", "b").size()', 9],
  ['keys({"a": 1, "b": 2}) + values({"a": 1, "b": 2})', ['a', 'b', 1, 2]],
  ['entries({"a": 1})', [['a', 1]]],
  ['merge({"a": 1, "b": 2}, {"b": 3})', { a: 1, b: 3 }],
  ['toMap([["a", 1], ["__proto__", 2]])["__proto__"]', 2],
  ['round(2.5) + round(-2.5) + round(1.005, 2) + round(1e21)', 1e21 + 1.01],
  ['floor(1.5) + ceil(1.5) + trunc(-1.5) + abs(input.n)', 3.5],
  ['sqrt(9) + pow(2, 10)', 1027],
  ['int(2.9) + int("-3") + uint("4") + double("0.5") + number(" 1e2 ")', 103.5],
  ['bool("true") && !bool("0") && bool(true)', true],
  ['string(1.0) + string(true) + string([1]) + string(null) + string("x")', '1true[1]nullx'],
  ['string(b"h\\xc3\\xa9")', 'hé'],
  [
    'type(1) + type("") + type([]) + type({}) + type(null) + type(true)',
    'numberstringlistmapnullbool',
  ],
  ['dyn(1) == 1', true],
  ['json({"b": [1, null], "a": "x"})', '{"b":[1,null],"a":"x"}'],
  ['parseJson("{\\"a\\": [1]}").a[0]', 1],
  ['base64("hé€😀") + base64(bytes("ab")) + base64("")', 'aMOp4oKs8J+YgA==YWI='],
  ['fromBase64("aMOp4oKs8J+YgA==") + fromBase64("aMOp4oKs8J-YgA")', 'hé€😀hé€😀'],
  ['bytes("ab") == bytes(b"ab") && b"a" != b"b"', true],
  ['timestamp("2026-03-01T10:30:15.250+01:00")', '2026-03-01T09:30:15.250Z'],
  ['timestamp(0) + duration("1h30m")', '1970-01-01T01:30:00Z'],
  ['duration("90s") + duration("250ms") - duration("-1s")', '91.25s'],
  [
    'timestamp("2026-01-02T00:00:00Z") - timestamp("2026-01-01T00:00:00Z") == duration("24h")',
    true,
  ],
  [
    'timestamp("2026-01-02T00:00:00Z") - duration("1h") < timestamp(timestamp("2026-01-02T00:00:00Z"))',
    true,
  ],
  ['int(timestamp("1970-01-01T00:01:00Z")) + duration(duration("90s")).getSeconds()', 150],
  [
    'duration("90m").getHours() + duration("90m").getMinutes() + duration("1s").getMilliseconds()',
    1091,
  ],
  ['timestamp("2026-03-01T23:30:15.250Z").getFullYear()', 2026],
  [
    '[timestamp("2026-03-01T23:30:15.250Z")].map(t, [t.getMonth(), t.getDate(), t.getDayOfMonth(), t.getDayOfWeek(), t.getDayOfYear(), t.getHours(), t.getMinutes(), t.getSeconds(), t.getMilliseconds()])[0]',
    [2, 1, 0, 0, 59, 23, 30, 15, 250],
  ],
  [
    'timestamp("2026-03-01T23:30:00Z").getHours("Asia/Tokyo") + timestamp("2026-03-01T23:30:00Z").getDate("Asia/Tokyo")',
    10,
  ],
  ['"%s %s".format([timestamp(0), duration("1s")])', '1970-01-01T00:00:00Z 1s'],
  ['{"at": timestamp(0), "in": [duration("0.5s")]}', { at: '1970-01-01T00:00:00Z', in: ['0.5s'] }],
];

const FAILURES: readonly (readonly [string, string])[] = [
  ['"abc".substring(2, 1)', 'outside the text of 3 characters'],
  ['"abc".substring(0.5)', 'outside the text'],
  ['"abc".charAt(3)', 'outside the text'],
  ['"a".replace("", "b")', 'it is empty'],
  ['"a".matches("(")', 'regular expression is not valid'],
  [`"a".matches("${'a'.repeat(1001)}")`, 'at most 1000'],
  ['"%s".format([])', 'has 0 values but more places'],
  ['"x".format([1])', 'has 1 values but 0 places'],
  ['"%d".format(["a"])', '%d takes a number; found string'],
  ['range(0.5)', 'range takes whole numbers'],
  ['range(0, 10000000)', 'range takes whole numbers'],
  ['sort([1, "a"])', 'have no order'],
  ['sort([null, null])', 'have no order'],
  ['sum([1, null])', 'it holds null'],
  ['sum(["a"])', 'it holds string'],
  ['min([])', 'an empty list'],
  ['first([])', 'the list is empty'],
  ['toMap([[1, 2]])', '[text, value] pairs'],
  ['toMap([1])', '[text, value] pairs'],
  ['round(1, 16)', '0 to 15 digits'],
  ['sqrt(-1)', 'no number that JSON can carry'],
  ['pow(10, 1000)', 'no number that JSON can carry'],
  ['int("x")', 'the text is no number'],
  ['number("")', 'the text is no number'],
  ['number("1e999")', 'no number that JSON can carry'],
  ['bool("yes")', 'neither "true" nor "false"'],
  ['parseJson("{")', 'the text is no JSON'],
  ['fromBase64("a")', 'the text is no base64'],
  ['fromBase64("ä===")', 'the text is no base64'],
  ['string(b"\\xff")', 'no UTF-8 text'],
  ['timestamp("2026-03-01")', 'no RFC 3339 time'],
  ['timestamp("2026-13-01T00:00:00Z")', 'no RFC 3339 time'],
  ['timestamp(1e15)', 'outside the years'],
  ['duration("1 hour")', 'no duration'],
  ['timestamp(0).getHours("Mars/Base")', 'time zone is unknown'],
];

describe('a function on good arguments → its result', () => {
  it.each(RESULTS)('%s', (expression, expected) => {
    expect(evaluate(expression)).toStrictEqual(expected);
  });
});

describe('a function on bad arguments → an error that says what was expected', () => {
  it.each(FAILURES)('%s → %s', (expression, message) => {
    expect(() => evaluate(expression)).toThrow(message);
  });
});

describe('every function', () => {
  const tested = RESULTS.map(([expression]) => expression).join('\n');
  it.each([...FUNCTIONS.keys()])('%s is called by a test above', (name) => {
    expect(tested).toMatch(new RegExp(`\\b${name}\\(`));
  });
});
