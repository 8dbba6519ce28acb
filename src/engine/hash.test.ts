import { describe, expect, test } from 'vitest';
import { hash32, namedUuid } from './hash.ts';

describe('hashes', () => {
  test('the same text → the same number, within 32 bits; another seed → another number', () => {
    expect(hash32('run.1')).toBe(hash32('run.1'));
    expect(hash32('run.1')).not.toBe(hash32('run.1', 1));
    expect(hash32('run.1')).toBeLessThan(2 ** 32);
  });

  test('a named UUID → version 8, and the same for the same text', () => {
    const id = namedUuid('018f0000-0000-7000-8000-000000000001.4.-1.1');
    expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(namedUuid('018f0000-0000-7000-8000-000000000001.4.-1.1')).toBe(id);
  });

  test('100,000 names that differ little → no word of one is a word of many others', () => {
    const words = new Map<string, number>();
    for (let run = 0; run < 100; run += 1) {
      for (let step = 0; step < 1000; step += 1) {
        const id = namedUuid(`018f0000-0000-7000-8000-0000000000${run}.${step}.-1.1`);
        // The two words that carry no version bits, wherever they stand.
        for (const word of [id.slice(0, 8), id.slice(28)]) {
          words.set(word, (words.get(word) ?? 0) + 1);
        }
      }
    }
    const repeated = [...words.values()].filter((count) => count > 1).length;
    // By chance: 200,000² / 2 / 2³² ≈ 4.7.
    expect(repeated).toBeLessThan(20);
  });
});
