import { describe, expect, it } from 'vitest';
import type { Names } from './scope.ts';
import { compileConfig, compileTemplate } from './template.ts';

const NAMES: Names = {
  steps: new Set(['classify', 'my-step']),
  allSteps: new Set(['classify', 'my-step', 'later', 'later-on']),
  item: false,
  secrets: false,
};

/** Code, the text that is marked, and a part of message and hint. */
type Row = readonly [
  template: string,
  code: string,
  marked: string,
  message: string,
  hint?: string,
];

function check(
  [template = '', code, marked, message = '', hint = '']: readonly (string | undefined)[],
  names = NAMES,
): void {
  const compiled = compileConfig({ a: ['x', template] }, names);
  expect(compiled.ok).toBe(false);
  const problems = compiled.ok ? [] : compiled.problems;
  expect(problems.map((problem) => problem.code)).toStrictEqual([code]);
  const [problem] = problems;
  expect(problem?.path).toStrictEqual(['a', 1]);
  const { offset = -1, length = 0 } = problem?.span ?? {};
  expect(template.slice(offset, offset + length)).toBe(marked);
  expect(problem?.message).toContain(message);
  expect(problem?.hint ?? '').toContain(hint);
}

const DEEP = `{{ ${'('.repeat(100)}1${')'.repeat(100)} }}`;
const LONG = `{{ ${'1+'.repeat(2500)}1 }}`;
const NOTS = `{{ ${'!'.repeat(8000)}true }}`;

describe('a mistake in an expression → one problem with its place', () => {
  it.each<Row>([
    ['a {{ input.x', 'unterminated-template', '{{ input.x', 'no closing `}}`', '{{{{'],
    ['{{ "a }}', 'unterminated-template', '{{ "a }}', 'no closing'],
    ['{{}}', 'empty-expression', '', 'is empty', 'input.name'],
    ['{{   }}', 'empty-expression', '   ', 'is empty'],
    ['{{ input.x = 1 }}', 'syntax', '=', 'Unexpected `=`', '=='],
    ['{{ 1 + }}', 'syntax', '', 'ends too early'],
    ['{{ input.a and input.b }}', 'syntax', 'and', 'Unexpected `and`', '&&'],
    ['{{ input.a or input.b }}', 'syntax', 'or', 'Unexpected `or`', '||'],
    ['{{ input.x | upper }}', 'syntax', '|', 'Unexpected `|`', 'filters'],
    ['{{ ${input.x} }}', 'syntax', '$', 'Unexpected `$`', 'without `$`'],
    ['{{ `a` }}', 'syntax', '`', 'Unexpected', 'quotes'],
    ['{{ input.in }}', 'syntax', 'in', 'Unexpected `in`', 'x["in"]'],
    ['{{ for }}', 'syntax', 'for', 'reserved word'],
    ['{{ "\\q" }}', 'syntax', '\\q', 'Invalid escape sequence'],
    ['{{ input.l.map(x.y, 1) }}', 'syntax', 'y', 'name of a variable'],
    ['{{ (1 }}', 'syntax', '', 'ends too early'],
    ['{{ 1 2 }}', 'syntax', '2', 'Unexpected `2`'],
    ['{{ inptu.x }}', 'unknown-name', 'inptu', 'There is no `inptu`', 'Did you mean "input"?'],
    ['{{ hello }}', 'unknown-name', 'hello', 'There is no `hello`', '"hello"'],
    ['{{ clasify.output }}', 'unknown-name', 'clasify', 'There is no', '"classify"'],
    [
      '{{ my-step.output }}',
      'unknown-name',
      'my-step',
      'reads as a subtraction',
      'steps["my-step"]',
    ],
    ['{{ steps.clasify.output }}', 'unknown-step', 'clasify', 'no step "clasify"', '"classify"'],
    ['{{ steps["zzz"] }}', 'unknown-step', '["zzz"]', 'no step "zzz"'],
    ['{{ later.output }}', 'not-upstream', 'later', 'not certain to have finished', '`needs`'],
    ['{{ steps["later-on"].output }}', 'not-upstream', '["later-on"]', 'not certain'],
    [
      '{{ classify.category }}',
      'unknown-field',
      'category',
      'output, status and error',
      'classify.output.category',
    ],
    ['{{ classify.outptu }}', 'unknown-field', 'outptu', 'output, status and error', '"output"'],
    [
      '{{ steps["my-step"].x }}',
      'unknown-field',
      'x',
      'output, status',
      'steps["my-step"].output.x',
    ],
    ['{{ run.di }}', 'unknown-field', 'di', '`run` has no field', '"id"'],
    ['{{ workflow["nam"] }}', 'unknown-field', '["nam"]', '`workflow` has no field', '"name"'],
    ['{{ steps }}', 'wrong-type', 'steps', 'no value by itself', 'steps.fetch'],
    ['{{ secrets }}', 'wrong-type', 'secrets', 'no value by itself', 'secrets.api_key'],
    ['{{ steps[input.x] }}', 'computed-name', 'steps[input.x]', 'written out', 'steps["name"]'],
    ['{{ item }}', 'item-outside-for-each', 'item', 'only inside a step with `forEach`'],
    ['{{ index }}', 'item-outside-for-each', 'index', 'only inside'],
    ['{{ secrets.k }}', 'secrets-not-allowed', 'secrets.k', 'only in the config'],
    ['{{ uper("a") }}', 'unknown-function', 'uper', 'no function `uper`', '"upper"'],
    ['{{ "a".uper() }}', 'unknown-function', 'uper', 'no function `uper`', '"upper"'],
    ['{{ constructor() }}', 'unknown-function', 'constructor', 'no function'],
    ['{{ input.l.constructor(x, x) }}', 'unknown-function', 'constructor', 'no function'],
    ['{{ size() }}', 'wrong-arguments', 'size()', 'called with 0 arguments; expected size(string)'],
    ['{{ size(1) }}', 'wrong-arguments', 'size(1)', 'size(number) is not defined'],
    [
      '{{ "a".split(1) }}',
      'wrong-arguments',
      '"a".split(1)',
      'split(string, number) is not defined',
    ],
    ['{{ has(1) }}', 'wrong-arguments', '1', '`has` takes a field'],
    ['{{ has() }}', 'wrong-arguments', 'has', 'does not take', 'has(input.name)'],
    ['{{ default(1) }}', 'wrong-arguments', 'default', 'does not take', 'default(input.name'],
    ['{{ input.l.map(x) }}', 'wrong-arguments', 'map', 'does not take', 'list.map(x, x.field)'],
    ['{{ input.x.orValue() }}', 'wrong-arguments', 'orValue', 'does not take', '.?name'],
    ['{{ cel.bind(x, 1) }}', 'wrong-arguments', 'bind', 'does not take', 'cel.bind(x'],
    ['{{ input.l.sortBy(1, 2) }}', 'wrong-arguments', '1', 'name of a variable'],
    ['{{ "a".map(x, x) }}', 'wrong-type', '"a"', 'goes over a list; this is a string'],
    ['{{ [1].filter(x, 1) }}', 'wrong-type', '1', 'must be true or false; this is a number'],
    ['{{ [1].map(x, 1, 2) }}', 'wrong-type', '1', 'must be true or false'],
    ['{{ "a" + 1 }}', 'wrong-type', '"a" + 1', 'string + number', 'string(value)'],
    ['{{ true - 1 }}', 'wrong-type', 'true - 1', 'bool - number'],
    ['{{ "a" * input.x }}', 'wrong-type', '"a" * input.x', 'string * any'],
    ['{{ "a" == 1 }}', 'wrong-type', '"a" == 1', 'string == number'],
    ['{{ "a" < 1 }}', 'wrong-type', '"a" < 1', 'string < number'],
    ['{{ [] < input.x }}', 'wrong-type', '[] < input.x', 'list < any'],
    ['{{ 1 in 2 }}', 'wrong-type', '1 in 2', 'number in number'],
    ['{{ !1 }}', 'wrong-type', '1', 'must be true or false; this is a number'],
    ['{{ -"a" }}', 'wrong-type', '"a"', 'Only a number can be negative'],
    ['{{ 1 && true }}', 'wrong-type', '1', 'Each side of `&&`'],
    ['{{ true || "a" }}', 'wrong-type', '"a"', 'Each side of `||`'],
    ['{{ 1 ? 2 : 3 }}', 'wrong-type', '1', 'before `?`'],
    ['{{ {1: 2} }}', 'wrong-type', '1', 'keys of a map are text'],
    ['{{ input.x.matches("(") }}', 'wrong-arguments', '"("', 'expression is not valid', 'RE2'],
    ['{{ matches(input.x, "a)") }}', 'wrong-arguments', '"a)"', 'expression is not valid', 'RE2'],
    ['{{ "a".b }}', 'wrong-type', '"a".b', 'A string has no fields'],
    ['{{ b"a" }}', 'wrong-type', 'b"a"', 'bytes, which JSON cannot carry', 'base64'],
    [
      '{{ 99999999999999999999 }}',
      'number-too-large',
      '99999999999999999999',
      'too large to be exact',
    ],
  ])('%s → %s at %s', (...row) => {
    check(row);
  });

  it.each([
    ['too deep', DEEP],
    ['too many parts', LONG],
    ['too long', `{{ "${'x'.repeat(9000)}" }}`],
    ['a chain of negations', NOTS],
  ])('%s → expression-too-large', (_, template) => {
    const compiled = compileTemplate(template, NAMES);
    expect(compiled.ok ? [] : compiled.problems.map(({ code }) => code)).toStrictEqual([
      'expression-too-large',
    ]);
  });

  it('secrets mixed with other values → secret-mixed at the other value', () => {
    const names = { ...NAMES, secrets: true };
    check(
      ['{{ secrets.k + input.x }}', 'secret-mixed', 'input', 'may only read secrets', 'Bearer'],
      names,
    );
    check(
      [
        '{{ [1].map(x, classify.output) + [secrets.k] }}',
        'secret-mixed',
        'classify.output',
        'only read',
      ],
      names,
    );
    check(['{{ secrets[input.x] }}', 'computed-name', 'secrets[input.x]', 'written out'], names);
  });

  it('secrets in a template that is no config → refused even where names allow them', () => {
    const compiled = compileTemplate('{{ secrets.k }}', { ...NAMES, secrets: true });
    expect(compiled.ok ? [] : compiled.problems.map(({ code }) => code)).toStrictEqual([
      'secrets-not-allowed',
    ]);
  });

  it('several mistakes in several strings → all of them at once', () => {
    const compiled = compileTemplate(
      { a: '{{ nope1 + foo() }} {{ run.x }}', b: ['{{', { c: '{{ 1 + }}' }] },
      NAMES,
    );
    const found = compiled.ok
      ? []
      : compiled.problems.map(({ code, path, span }) => [code, path, span?.offset]);
    expect(found).toStrictEqual([
      ['unknown-name', ['a'], 3],
      ['unknown-function', ['a'], 11],
      ['unknown-field', ['a'], 27],
      ['unterminated-template', ['b', 0], 0],
      ['syntax', ['b', 1, 'c'], 7],
    ]);
  });
});
