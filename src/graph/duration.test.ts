import { describe, expect, it } from 'vitest';
import { MAX_DURATION_MS, parseDurationMs } from './duration.ts';

describe('a duration as written → ms, or null', () => {
  it.each<[string, number | null]>([
    ['500ms', 500],
    ['30s', 30_000],
    ['5m', 300_000],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
    ['1h30m', 5_400_000],
    ['1.5h', 5_400_000],
    [' 1s ', 1000],
    ['0s', 0],
    ['3660d', MAX_DURATION_MS],
    ['3661d', null],
    ['', null],
    ['  ', null],
    ['5', null],
    ['s', null],
    ['-1s', null],
    ['1 s', null],
    ['1.s', null],
    ['1w', null],
    ['1s foo', null],
    ['1S', null],
  ])('%j → %s', (text, expected) => {
    expect(parseDurationMs(text)).toBe(expected);
  });
});
