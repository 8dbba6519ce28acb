import { countFitting } from './answer-size.ts';

export interface Page<T> {
  readonly items: readonly T[];
  /** What the next page starts after; undefined on the last page. */
  readonly last: T | undefined;
}

/** The page that these begin: `limit` of them or as many as an answer holds. One more was read. */
export function pageOf<T>(
  found: readonly T[],
  limit: number,
  sizeOf: (item: T) => number,
): Page<T> {
  const wanted = found.slice(0, limit);
  const items = wanted.slice(0, countFitting(wanted.map(sizeOf)));
  return { items, last: found.length > items.length ? items.at(-1) : undefined };
}
