import type { Dice } from '../../simulation/dice.ts';
import type { Spoil } from './mutant.ts';

const atoms = [
  'input',
  'input.n',
  'input.x.y',
  'get.output',
  'steps.get.output',
  'secrets.key',
  'secrets',
  'item',
  'index',
  'run.id',
  'workflow.name',
  'x',
  'null',
  'true',
  '1',
  '-1',
  '1.5',
  '1e999',
  '9223372036854775808',
  '99999999999999999999999',
  '0x7fffffffffffffff',
  '1u',
  "'a'",
  '"a"',
  'r"\\d"',
  "b'a'",
  "'\\ud800'",
  "'''\na'''",
  '[]',
  '{}',
  "{'a': 1}",
  '[1, "a", null]',
  '__proto__',
  'constructor',
  'input.__proto__',
  'input.constructor.constructor("return process")()',
  "input['__proto__']",
  'globalThis',
  'process.env',
  'range(1000000000)',
  'range(100000)',
  'now()',
  "duration('99999999999h')",
  "timestamp('9999-12-31T23:59:59Z')",
];

const operators = [
  '+',
  '-',
  '*',
  '/',
  '%',
  '==',
  '!=',
  '<',
  '>=',
  '&&',
  '||',
  'in',
  '?',
  '.',
  ' ',
  '**',
  '=',
  '=>',
  '??',
];

const shapes: readonly ((inner: string, other: string) => string)[] = [
  (inner) => `size(${inner})`,
  (inner, other) => `${inner}.map(x, ${other})`,
  (inner, other) => `${inner}.filter(i, ${other}).exists(j, j == i)`,
  (inner, other) => `${inner} ? ${other} : ${inner}`,
  (inner, other) => `${inner}[${other}]`,
  (inner) => `has(${inner})`,
  (inner) => `!${inner}`,
  (inner) => `-${inner}`,
  (inner) => `(${inner})`,
  (inner) => `string(${inner}).matches("(a+)+$")`,
  (inner, other) => `${inner}.matches(${other})`,
  (inner) => `${inner}.replace("", ${inner})`,
  (inner, other) => `{${other}: ${inner}}`,
  (inner, other) => `[${inner}, ${other}]`,
  (inner) => `json(${inner})`,
  (inner, other) => `${inner}.split(${other}).join(${other})`,
];

/** An expression: mostly of the right shape, often with the wrong names, types or ends. */
export function nastyExpression(dice: Dice): string {
  const text = expression(dice, dice.pick([0, 1, 2, 4]));
  switch (dice.below(12)) {
    case 0:
      return `{{ ${text}`;
    case 1:
      return `${text} }}`;
    case 2:
      return `{{ {{ ${text} }} }}`;
    case 3:
      return `{{}}{{ }}{{ ${text} }}`;
    case 4:
      return `{{ ${'('.repeat(dice.pick([10, 59, 61, 500]))}${text} }}`;
    case 5:
      return `{{ ${Array(dice.pick([10, 1000, 3000]))
        .fill(text)
        .join(' + ')} }}`;
    case 6:
      return `a {{ ${text} }} b {{ ${expression(dice, 1)} }}`;
    case 7:
      return text;
    default:
      return `{{ ${text} }}`;
  }
}

function expression(dice: Dice, depth: number): string {
  if (depth === 0) return dice.pick(atoms);
  const [left, right] = [expression(dice, depth - 1), expression(dice, depth - 1)];
  if (dice.chance(0.4)) return `${left} ${dice.pick(operators)} ${right}`;
  return dice.pick(shapes)(left, right);
}

const written = /\{\{[^}]*\}\}/g;

/** Other expressions in place of those that are there, or parts of them spoilt. */
export const spoilExpressions: Spoil = (dice, text) => {
  const found = [...text.matchAll(written)];
  if (found.length === 0)
    return text.replace(
      /(output|url|prompt): *\S+/,
      `$1: ${JSON.stringify(nastyExpression(dice))}`,
    );
  const { index, 0: whole } = dice.pick(found);
  const made = dice.chance(0.6) ? nastyExpression(dice) : spoiltPart(dice, whole);
  const inQuotes = made.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
  return (
    text.slice(0, index) + (dice.chance(0.8) ? inQuotes : made) + text.slice(index + whole.length)
  );
};

function spoiltPart(dice: Dice, whole: string): string {
  const at = dice.below(whole.length);
  const scrap = dice.pick([
    '',
    '(',
    ')',
    '.',
    '..',
    ' && ',
    '[',
    "'",
    '}',
    '{',
    '\\',
    '\u0000',
    'é',
    '📦',
    '\uD800',
    '//',
    '0',
    '?',
    '"',
    '\n',
    '\t',
  ]);
  return whole.slice(0, at) + scrap + whole.slice(at + dice.below(3));
}
