import { distance } from 'fastest-levenshtein';

/** The one of `candidates` that `word` was probably meant to be; undefined when none is near. */
export function suggest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(word.length / 3)) + 0.5;
  for (const candidate of candidates) {
    const found = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (found >= bestDistance) continue;
    best = candidate;
    bestDistance = found;
  }
  return best;
}

/** Letters that only changed places count as one slip of the fingers. */
function editDistance(word: string, candidate: string): number {
  const isAnagram = letters(word) === letters(candidate);
  return isAnagram ? Math.min(1, distance(word, candidate)) : distance(word, candidate);
}

function letters(word: string): string {
  return Array.from(word).toSorted().join('');
}

/** `Did you mean "x"?`, or undefined. */
export function didYouMean(word: string, candidates: Iterable<string>): string | undefined {
  const found = suggest(word, candidates);
  return found === undefined ? undefined : `Did you mean "${found}"?`;
}
