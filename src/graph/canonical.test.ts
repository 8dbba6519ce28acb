import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Json } from '../expr/json.ts';
import { build } from './build.ts';
import { canonicalJson, canonicalText } from './canonical.ts';

function shuffled(value: Json, seed: number): Json {
  if (Array.isArray(value)) return value.map((item: Json) => shuffled(item, seed));
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, item]) => [key, shuffled(item, seed)] as const);
  const at = entries.length === 0 ? 0 : seed % entries.length;
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)].toReversed());
}

describe('a JSON value → one text', () => {
  it.each<[Json, string]>([
    [{ b: 1, a: [1.0, 1e21, -0, 0.1] }, '{"a":[1,1e+21,0,0.1],"b":1}'],
    [{ é: null, e: true, '€': '\u0007\n"\\' }, '{"e":true,"é":null,"€":"\\u0007\\n\\"\\\\"}'],
    [{ '😀': 1, '￰': 2 }, '{"😀":1,"￰":2}'],
    [{ 10: 'a', 9: 'b' }, '{"10":"a","9":"b"}'],
    [[], '[]'],
    [{}, '{}'],
  ])('%j', (value, expected) => {
    expect(canonicalJson(value)).toBe(expected);
  });

  it('whatever the order of its keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(), (value, seed) => {
        const json = JSON.parse(JSON.stringify(value)) as Json;
        expect(canonicalJson(shuffled(json, seed))).toBe(canonicalJson(json));
        expect(JSON.parse(canonicalJson(json))).toStrictEqual(json);
      }),
    );
  });

  it('of a graph, whatever the order in its manifest', () => {
    const nodeTypes = new Map([
      ['http', { runsIn: 'runner', timeoutMs: 1, fileKeys: [], verbatimKeys: [] } as const],
    ]);
    const one = build(
      { output: 1, steps: [{ id: 'a', type: 'http', config: { x: 1, y: 2 } }] },
      { nodeTypes, files: {} },
    );
    const two = build(
      { steps: [{ config: { y: 2, x: 1 }, type: 'http', id: 'a' }], output: 1 },
      { nodeTypes, files: {} },
    );
    if (one.graph === null || two.graph === null) throw new Error('no graph');
    expect(canonicalText(one.graph)).toBe(canonicalText(two.graph));
    expect(JSON.parse(canonicalText(one.graph))).toStrictEqual(one.graph);
  });
});
