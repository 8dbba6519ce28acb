import { Environment } from '@marcbachmann/cel-js';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from './json.ts';
import { compileTemplate } from './template.ts';

// The library whose grammar we use also evaluates: on whole numbers, text and logic, where CEL's
// types and JSON's agree, both must say the same.
const LIBRARY = new Environment({ homogeneousAggregateLiterals: false });

const NO_STEPS: ReadonlySet<string> = new Set();
const NAMES = { steps: NO_STEPS, allSteps: NO_STEPS, item: false, secrets: false };

type Answer = { readonly value: Json } | 'error';

function ours(expression: string): Answer {
  const compiled = compileTemplate(`{{ ${expression} }}`, NAMES);
  if (!compiled.ok) return 'error';
  const step = () => ({ status: '', output: null, error: null });
  try {
    return { value: compiled.value.evaluate({ input: null, run: {}, workflow: {}, step }) };
  } catch {
    return 'error';
  }
}

function theirs(expression: string): Answer {
  try {
    const text = JSON.stringify(LIBRARY.evaluate(expression), (_key, value: unknown) =>
      typeof value === 'bigint' ? Number(value) : value,
    );
    return { value: JSON.parse(text) as Json };
  } catch {
    return 'error';
  }
}

describe('standard CEL → the same answer as the library', () => {
  it.each([
    '1 + 2 * 3 - 4',
    '(1 + 2) * 3',
    '-(3 - 5)',
    '10 % 4 == 2',
    '"a" + "b" == "ab"',
    '[1, 2] + [3] == [1, 2, 3]',
    '{"a": {"b": [1]}}.a.b[0]',
    '1 < 2 && "a" <= "b" && 3 >= 3',
    'true || 1 / 0 == 1',
    'false && 1 / 0 == 1',
    '1 / 0 == 1 || true',
    '1 / 0 == 1 && true',
    '2 in [1, 2] && !(3 in [1, 2])',
    '"k" in {"k": 1}',
    '[1, 2, 3].map(x, x * x)',
    '[1, 2, 3].map(x, x > 1, x * x)',
    '[1, 2, 3].filter(x, x % 2 == 1)',
    '[1, 2].all(x, x > 0) && [1, 2].exists(x, x > 1) && [1, 2].exists_one(x, x > 1)',
    '[].all(x, false) && ![].exists(x, true)',
    '[1, 2].map(x, [3, 4].map(y, x * y))',
    'true ? "a" : "b"',
    'size("héllo") == 5 && size([1, 2]) == 2 && size({"a": 1}) == 1',
    '"hello".contains("ell") && "hello".startsWith("he") && "hello".endsWith("lo")',
    '"hello".matches("h.*o")',
    '"a,b".split(",")',
    '["a", "b"].join("-")',
    '" x ".trim() + "AbC".lowerAscii() + "AbC".upperAscii()',
    '"hello".substring(1, 3) + "hello".substring(2)',
    '"hello".indexOf("l") + "hello".lastIndexOf("l")',
    'string(12) + string(true) + string(1.5)',
    'int("12") + int(3.9)',
    'r"\\n" + "\\u00e9\\x41\\101"',
    "'''a'b'''",
    '{"a": 1}["b"]',
    '[1][1]',
    '[1, 2] == [2, 1]',
    '{"a": 1, "b": 2} == {"b": 2, "a": 1}',
    'null == null',
    'cel.bind(x, 3, x * x)',
    'timestamp("2026-01-01T00:00:00Z").getFullYear()',
    'duration("90s").getMinutes()',
    'timestamp("2026-01-01T00:00:00Z") + duration("1h") == timestamp("2026-01-01T01:00:00Z")',
    '1 +',
    'foo',
    'foo()',
    '"a" - 1',
  ])('%s', (expression) => {
    expect(ours(expression)).toStrictEqual(theirs(expression));
  });

  const number = fc
    .integer({ min: -50, max: 50 })
    .map((value) => (value < 0 ? `(${value})` : `${value}`));
  const { arithmetic, logic } = fc.letrec<{ arithmetic: string; logic: string }>((tie) => ({
    arithmetic: fc.oneof(
      { maxDepth: 4 },
      number,
      fc
        .tuple(tie('arithmetic'), fc.constantFrom('+', '-', '*', '%'), tie('arithmetic'))
        .map((parts) => `(${parts.join(' ')})`),
      fc
        .tuple(tie('logic'), tie('arithmetic'), tie('arithmetic'))
        .map(([test, yes, no]) => `(${test} ? ${yes} : ${no})`),
      tie('arithmetic').map((part) => `[1, 2, 3].map(x, x + ${part})[1]`),
    ),
    logic: fc.oneof(
      { maxDepth: 4 },
      fc.constantFrom('true', 'false'),
      fc
        .tuple(
          tie('arithmetic'),
          fc.constantFrom('<', '<=', '>', '>=', '==', '!='),
          tie('arithmetic'),
        )
        .map((parts) => `(${parts.join(' ')})`),
      fc
        .tuple(tie('logic'), fc.constantFrom('&&', '||'), tie('logic'))
        .map((parts) => `(${parts.join(' ')})`),
      tie('logic').map((part) => `!${part}`),
      tie('arithmetic').map((part) => `[1, 2, 3].exists(x, x > ${part})`),
    ),
  }));

  it('random expressions over whole numbers and logic', () => {
    fc.assert(
      fc.property(fc.oneof(arithmetic, logic), (expression) => {
        expect(ours(expression)).toStrictEqual(theirs(expression));
      }),
      { numRuns: 1000 },
    );
  });
});
