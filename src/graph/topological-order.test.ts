import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { topologicalOrder } from './topological-order.ts';

describe('needs → an order, or a cycle', () => {
  it.each<[string, number[][], number[]]>([
    ['two in a circle', [[1], [0]], [0, 1]],
    ['itself', [[0]], [0]],
    ['three, entered from outside', [[], [0, 3], [1], [2], [3]], [1, 2, 3]],
  ])('%s', (_, needs, cycle) => {
    expect(topologicalOrder(needs)).toStrictEqual({ ok: false, cycle });
  });

  it('random needs → each after what it needs, or a real cycle', () => {
    const needs = fc.integer({ min: 1, max: 12 }).chain((count) =>
      fc.array(fc.array(fc.nat({ max: count - 1 }), { maxLength: 3 }), {
        minLength: count,
        maxLength: count,
      }),
    );
    fc.assert(
      fc.property(needs, (lists) => {
        const result = topologicalOrder(lists);
        if (result.ok) {
          const place = new Map(result.order.map((index, at) => [index, at]));
          expect(place.size).toBe(lists.length);
          lists.forEach((list, index) => {
            for (const need of list)
              expect(place.get(need) ?? 0).toBeLessThan(place.get(index) ?? 0);
          });
        } else {
          result.cycle.forEach((index, at) => {
            const next = result.cycle[(at + 1) % result.cycle.length] ?? -1;
            expect(lists[next]).toContain(index);
          });
        }
      }),
    );
  });
});
