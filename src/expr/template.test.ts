import { describe, expect, it } from 'vitest';
import { ExpressionError } from './expression-error.ts';
import type { Json } from './json.ts';
import type { Names, Scope } from './scope.ts';
import { compileConfig, compileTemplate } from './template.ts';

const NAMES: Names = {
  steps: new Set(['classify', 'my-step', 'failed']),
  allSteps: new Set(['classify', 'my-step', 'failed', 'later', 'later-on']),
  item: true,
  secrets: true,
};

const SCOPE: Scope = {
  input: {
    price: 12.5,
    count: 3,
    name: 'Ada',
    none: null,
    list: [3, 1, 2],
    users: [
      { name: 'Bo', age: 40 },
      { name: 'Al', age: 20 },
    ],
    map: { b: 1, a: 2 },
    evil: '{{ input.price }}',
    proto: JSON.parse('{"__proto__": 1}') as Json,
    big: Array.from({ length: 100_000 }, (_, index) => index),
  },
  run: { id: 'r1', createdAt: '2026-01-01T00:00:00.000Z', error: null },
  workflow: { name: 'w', namespace: 'default' },
  step: (id) =>
    id === 'failed'
      ? { status: 'failed', output: null, error: { code: 'timeout' } }
      : { status: 'completed', output: { category: 'technical', id }, error: null },
  item: { n: 7 },
  index: 2,
};

function check(template: Json, expected: Json): void {
  const compiled = compileTemplate(template, NAMES);
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
  expect(compiled.value.evaluate(SCOPE)).toStrictEqual(expected);
}

describe('a value with templates → the value filled in', () => {
  it.each<[Json, Json]>([
    ['plain', 'plain'],
    [5, 5],
    [null, null],
    ['{{ input.price }}', 12.5],
    ['{{ input.none }}', null],
    [' {{ input.price }}', ' 12.5'],
    ['a{{ input.name }}b{{ input.none }}c', 'aAdabc'],
    ['{{ input.map }} {{ input.list }} {{ true }}', '{"b":1,"a":2} [3,1,2] true'],
    ['{{{{ literal }}', '{{ literal }}'],
    ['{{{{{{ input.count }}', '{{3'],
    ['}} {', '}} {'],
    ['{{ "}}" + \'}}\' }}', '}}}}'],
    ['{{ {"a": {"b": input.count}} }}', { a: { b: 3 } }],
    ['{{ """a"b}}""" }}', 'a"b}}'],
    ['{{ "\\"}}" }}', '"}}'],
    ['{{ input.evil }}', '{{ input.price }}'],
    ['x {{ input.evil }}', 'x {{ input.price }}'],
    [
      { '{{ input.name }}': ['{{ input.count }}', { deep: '{{ input.name }}' }, 1] },
      { '{{ input.name }}': [3, { deep: 'Ada' }, 1] },
    ],
  ])('%j', check);
});

describe('names → what they stand for', () => {
  it.each<[Json, Json]>([
    ['{{ classify.output.category }}', 'technical'],
    ['{{ steps.classify.output.category }}', 'technical'],
    ['{{ steps["my-step"].output.id }}', 'my-step'],
    ['{{ steps["my-step"]["status"] }}', 'completed'],
    ['{{ classify.status }}', 'completed'],
    ['{{ failed.error.code }} {{ failed.output }}', 'timeout '],
    [
      '{{ classify }}',
      { output: { category: 'technical', id: 'classify' }, status: 'completed', error: null },
    ],
    ['{{ run.id }} {{ workflow.name }}', 'r1 w'],
    ['{{ item.n + index }}', 9],
    ['{{ input.list[0] }}', 3],
    ['{{ input["name"] }}', 'Ada'],
    ['{{ input.list[input.count - 1] }}', 2],
    ['{{ input.proto["__proto__"] }}', 1],
  ])('%j', check);
});

describe('numbers are of one type', () => {
  it.each<[Json, Json]>([
    ['{{ input.price * 2 }}', 25],
    ['{{ input.count + 1 }}', 4],
    ['{{ size(input.list) + 0.5 }}', 3.5],
    ['{{ 1 == 1.0 }}', true],
    ['{{ 1u + 2 }}', 3],
    ['{{ 7 / 2 }}', 3.5],
    ['{{ int(7 / 2) }}', 3],
    ['{{ -7 % 3 }}', -1],
    ['{{ -0.0 }}', 0],
    ['{{ 0x10 }}', 16],
    ['{{ 1 < 1.5 && 2.5 >= 2 && 3 in [1.0, 3.0] }}', true],
    ['{{ true ? 1 : 2.5 }}', 1],
    ['{{ 9007199254740991 }}', Number.MAX_SAFE_INTEGER],
  ])('%j', check);
});

describe('operators, macros and missing data', () => {
  it.each<[Json, Json]>([
    ['{{ "a" + "b" }}', 'ab'],
    ['{{ [1] + [2] }}', [1, 2]],
    ['{{ "a" < "b" && !false && false || true }}', true],
    ['{{ {"a": [1, {"b": null}]} == {"a": [1.0, {"b": null}]} }}', true],
    ['{{ [1] == [1, 2] || {"a": 1} == {"b": 1} || {"a": 1} == {"a": 1, "b": 2} }}', false],
    ['{{ input.none == null && input.name != null }}', true],
    ['{{ input.name == 1 }}', false],
    ['{{ "a" in {"a": 1} && !("z" in input.map) && !("x" in [1]) }}', true],
    ['{{ "constructor" in input.map }}', false],
    ['{{ has(input.map.a) && !has(input.map.z) && !has(input.none.x) }}', true],
    ['{{ default(input.a.b.c, "d") }}', 'd'],
    ['{{ default(input.none, 1) }}', 1],
    ['{{ input.nope.default(2) }}', 2],
    ['{{ input.?nope.x.orValue(7) }}', 7],
    ['{{ input.?map.a.orValue(7) }}', 2],
    ['{{ input.list[?9].orValue(0) }}', 0],
    ['{{ input.list[?0].orValue(0) }}', 3],
    ['{{ input.?nope }}', null],
    ['{{ input.list.map(x, x * 2) }}', [6, 2, 4]],
    ['{{ input.list.map(x, x > 1, x * 2) }}', [6, 4]],
    ['{{ input.users.filter(u, u.age > 30).map(u, u.name) }}', ['Bo']],
    ['{{ input.list.all(x, x > 0) && input.list.exists(x, x == 3) }}', true],
    ['{{ input.list.exists_one(x, x > 2) }}', true],
    ['{{ input.list.existsOne(x, x > 1) }}', false],
    ['{{ [0, 1].exists(x, 1 / x == 1) }}', true],
    ['{{ [0, 1].all(x, 1 / x == 2) }}', false],
    ['{{ input.map.map(k, k) }}', ['b', 'a']],
    ['{{ input.users.sortBy(u, u.age).map(u, u.name) }}', ['Al', 'Bo']],
    ['{{ cel.bind(x, input.count + 1, x * x) }}', 16],
    [
      '{{ [1, 2].map(x, [10, 20].map(y, x + y)) }}',
      [
        [11, 21],
        [12, 22],
      ],
    ],
    ['{{ [1].map(input, input) }}', [1]],
    ['{{ {"__proto__": 1}["__proto__"] }}', 1],
    ['{{ false && input.nope }}', false],
    ['{{ input.nope || true }}', true],
    ['{{ input.big.map(x, x + 1).sum() }}', 5_000_050_000],
  ])('%j', check);

  it('a template over __proto__ → an own key, and no prototype changed', () => {
    const template: Json = JSON.parse('{"__proto__": "{{ input.count }}"}') as Json;
    const compiled = compileTemplate(template, NAMES);
    const value = compiled.ok ? compiled.value.evaluate(SCOPE) : null;
    expect(JSON.stringify(value)).toBe('{"__proto__":3}');
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
  });
});

describe('an expression that fails on its data → an ExpressionError that says why', () => {
  it.each<[string, string]>([
    ['{{ input.nope }}', 'there is no field "nope"'],
    ['{{ input.__proto__ }}', 'there is no field "__proto__"'],
    ['{{ input.constructor }}', 'there is no field "constructor"'],
    ['{{ input.name.constructor }}', 'a string has no field "constructor"'],
    ['{{ input.list.length }}', 'a list has no field "length"'],
    ['{{ failed.output.x }}', 'null has no field "x"'],
    ['{{ input.list[3] }}', 'index 3 is outside the list, which has 3 items'],
    ['{{ input.list[0.5] }}', 'a list is indexed with whole numbers'],
    ['{{ input.list["a"] }}', 'a list is indexed with whole numbers'],
    ['{{ input.name[0] }}', 'a string cannot be indexed with a number'],
    ['{{ input.name + input.count }}', 'string + number is not defined; make text of a value'],
    ['{{ input.name - 1 }}', 'string - number is not defined'],
    ['{{ input.name < input.count }}', 'string and number have no order'],
    ['{{ 1 in input.name }}', '"in" looks into a list or map; found a string'],
    ['{{ input.count / 0 }}', 'division by zero'],
    ['{{ input.count % 0 }}', 'division by zero'],
    ['{{ input.price * 1e308 * 1e308 }}', 'no number that JSON can carry'],
    ['{{ input.name ? 1 : 2 }}', 'must be true or false; found a string'],
    ['{{ input.name && true }}', 'must be true or false; found a string'],
    ['{{ !input.name }}', 'must be true or false; found a string'],
    ['{{ -input.name }}', 'only a number can be negative'],
    ['{{ {input.count: 1} }}', 'the keys of a map are text'],
    ['{{ input.count.map(x, x) }}', 'a list or map was expected; found a number'],
    ['{{ input.list.filter(x, x) }}', 'the condition must be true or false; found a number'],
    ['{{ [0, 2].all(x, 1 / x > 0) }}', 'division by zero'],
    ['{{ upper(input.count) }}', 'upper(number) is not defined; expected upper(string)'],
    ['{{ dyn(b"ab") }}', 'JSON cannot carry bytes'],
  ])('%s → %s', (template, message) => {
    const compiled = compileTemplate(template, NAMES);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    expect(() => compiled.value.evaluate(SCOPE)).toThrow(ExpressionError);
    expect(() => compiled.value.evaluate(SCOPE)).toThrow(message);
    expect(() => compiled.value.evaluate(SCOPE)).toThrow(template.slice(3, -3));
  });

  it.each<[string, string]>([
    ['{{ input.big.map(x, input.big.map(y, 1)) }}', 'it costs more than'],
    ['{{ default(input.big.map(x, input.big.map(y, 1)), 0) }}', 'it costs more than'],
    ['{{ false || input.big.exists(x, input.big.exists(y, false)) }}', 'it costs more than'],
    ['{{ range(1000000).map(x, json(input.big)) }}', 'it costs more than'],
    ['{{ input.big.map(x, input.big) }}', 'it costs more than'],
    ['x{{ input.big.map(x, input.big) }}', 'it costs more than'],
    [
      '{{ range(30).map(x, "0123456789").join("0123456789".replace("0", range(100000).join("x"))) }}',
      'characters',
    ],
  ])('unbounded work: %s → %s, soon', (template, message) => {
    const compiled = compileTemplate(template, NAMES);
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    expect(() => compiled.value.evaluate(SCOPE)).toThrow(message);
  });
});

describe('a config with secrets → left to the runner', () => {
  it('parts beside a secret are filled in, the secret is not', () => {
    const config = {
      url: '{{ input.name }}',
      headers: { a: 'Bearer {{ secrets.key }}{{ input.evil }}', b: ['{{ secrets["x-y"] }}'] },
      code: '{{ no template',
    };
    const compiled = compileConfig(config, NAMES, { verbatimKeys: ['code'] });
    if (!compiled.ok) throw new Error(JSON.stringify(compiled.problems));
    expect(compiled.value.resolve(SCOPE)).toStrictEqual({
      config: { url: 'Ada', headers: { a: null, b: [null] }, code: '{{ no template' },
      deferred: [
        {
          path: ['headers', 'a'],
          parts: [{ text: 'Bearer ' }, { secret: 'secrets.key' }, { text: '{{ input.price }}' }],
        },
        { path: ['headers', 'b', 0], parts: [{ secret: 'secrets["x-y"]' }] },
      ],
    });
  });

  it('a verbatim key is verbatim only at the top', () => {
    const compiled = compileConfig({ in: { code: '{{ input.name }}' } }, NAMES, {
      verbatimKeys: ['code'],
    });
    expect(compiled.ok && compiled.value.resolve(SCOPE).config).toStrictEqual({
      in: { code: 'Ada' },
    });
  });

  it('a config without templates → the same object each time', () => {
    const config = { a: [1, { b: 'c' }] };
    const compiled = compileConfig(config, NAMES);
    expect(compiled.ok && compiled.value.resolve(SCOPE).config).toBe(config);
  });

  it('reads names the steps that are read', () => {
    const compiled = compileConfig(
      { a: '{{ classify.output }}', b: ['x{{ steps["my-step"].status }}'] },
      NAMES,
    );
    expect(compiled.ok && [...compiled.value.reads]).toStrictEqual(['classify', 'my-step']);
  });
});
