import { describe, expect, it } from 'vitest';
import { didYouMean, suggest } from './suggest.ts';

describe('a misspelt word → the one that was meant', () => {
  it.each<[string, string | undefined]>([
    ['classfy', 'classify'],
    ['CLASSIFY', 'classify'],
    ['htpp', 'http'],
    ['di', 'id'],
    ['zzz', undefined],
  ])('%s → %s', (word, expected) => {
    expect(suggest(word, ['classify', 'http', 'id'])).toBe(expected);
  });

  it('as a sentence, or nothing', () => {
    expect(didYouMean('htp', ['http'])).toBe('Did you mean "http"?');
    expect(didYouMean('zzz', ['http'])).toBeUndefined();
  });
});
