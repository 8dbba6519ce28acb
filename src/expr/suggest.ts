import { distance } from 'fastest-levenshtein';

/** Longer words are no slips of the fingers, and more candidates are no list that anybody knows. */
const MAX_WORD_LENGTH = 100;
const MAX_CANDIDATES = 1000;

/** The one of `candidates` that `word` was probably meant to be; undefined when none is near. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  if (word.length > MAX_WORD_LENGTH) return undefined;
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 0.5;
  let looked = 0;
  const written = word.toLowerCase();
  for (const candidate of candidates) {
    looked += 1;
    if (looked > MAX_CANDIDATES) break;
    if (Math.abs(candidate.length - word.length) >= bestDistance) continue;
    const found = editDistance(written, candidate.toLowerCase());
    if (found >= bestDistance) continue;
    best = candidate;
    bestDistance = found;
  }
  return best;
}

/** Letters that only changed places count as one slip of the fingers. */
function editDistance(word: string, candidate: string): number {
  const found = distance(word, candidate);
  if (found < 2 || word.length !== candidate.length) return found;
  return letters(word) === letters(candidate) ? 1 : found;
}

function letters(word: string): string {
  return Array.from(word).toSorted().join('');
}

/** `Did you mean "x"?`, or undefined. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = suggest(word, candidates);
  return found === undefined ? undefined : `Did you mean "${found}"?`;
}
