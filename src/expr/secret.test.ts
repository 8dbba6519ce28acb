import { describe, expect, it } from 'vitest';
import type { Deferred } from './deferred.ts';
import { ExpressionError } from './expression-error.ts';
import { completeDeferred, secretsRead } from './secret.ts';

const SECRETS: ReadonlyMap<string, string> = new Map([
  ['key', 's3{{ input.x }}'],
  ['json', '{"user":"bo"}'],
]);

function complete(parts: Deferred['parts'], path: Deferred['path'] = ['a']) {
  return completeDeferred({ a: null, b: [1, null] }, [{ path, parts }], (name) =>
    SECRETS.get(name),
  );
}

describe('deferred values → completed with secrets', () => {
  it.each<[string, Deferred['parts'], unknown]>([
    ['one secret keeps its text', [{ secret: 'secrets.key' }], 's3{{ input.x }}'],
    [
      'parts are joined',
      [{ text: 'Bearer ' }, { secret: 'secrets.key' }, { text: '!' }],
      'Bearer s3{{ input.x }}!',
    ],
    ['text is never parsed again', [{ text: '{{ secrets.key }}' }], '{{ secrets.key }}'],
    ['a single expression keeps its type', [{ secret: 'parseJson(secrets.json)' }], { user: 'bo' }],
    [
      'joined values become text',
      [{ text: '' }, { secret: 'parseJson(secrets["json"])' }],
      '{"user":"bo"}',
    ],
    ['a missing secret may have a default', [{ secret: 'default(secrets.nope, "d")' }], 'd'],
    [
      'base64 of user and password',
      [{ secret: 'base64("u:" + secrets.json)' }],
      'dTp7InVzZXIiOiJibyJ9',
    ],
  ])('%s', (_, parts, expected) => {
    expect(complete(parts)).toStrictEqual({ a: expected, b: [1, null] });
  });

  it('a place inside a list → only that place changes', () => {
    expect(complete([{ secret: 'secrets.key' }], ['b', 1])).toStrictEqual({
      a: null,
      b: [1, 's3{{ input.x }}'],
    });
  });

  it('the whole config → replaced', () => {
    expect(complete([{ secret: 'secrets.key' }], [])).toBe('s3{{ input.x }}');
  });

  it('a missing secret → an ExpressionError that names it', () => {
    expect(() => complete([{ secret: 'secrets.nope' }])).toThrow(ExpressionError);
    expect(() => complete([{ secret: 'secrets.nope' }])).toThrow('secret "nope" is not set');
    expect(() => complete([{ secret: 'secrets.__proto__' }])).toThrow(
      'secret "__proto__" is not set',
    );
  });

  it('a failure on a secret’s value → a message without the value', () => {
    expect(() => complete([{ secret: 'parseJson(secrets.json).password' }])).toThrow(
      /: it failed on a secret’s value$/,
    );
  });

  it('an expression that reads anything else → refused', () => {
    expect(() => complete([{ secret: 'input.x' }])).not.toThrow(TypeError);
    expect(() => complete([{ secret: 'steps.a.output' }])).toThrow('no expression over secrets');
  });

  it('the names of the secrets that are read → each once', () => {
    const parts: Deferred['parts'] = [
      { text: 'x' },
      { secret: 'secrets.a + secrets["b-c"]' },
      { secret: 'secrets.a' },
    ];
    expect(secretsRead([{ path: [], parts }])).toStrictEqual(['a', 'b-c']);
  });
});
