import type { LabelTerm } from '../api/ports.ts';
import { plainMap, plainText } from './plain-text.ts';

/** Label terms as the list statements take them. */
export interface LabelFilter {
  /** All `equals` terms in one object, for `@>`. */
  readonly equals: string;
  readonly hasEquals: boolean;
  readonly differsKeys: readonly string[];
  readonly differsValues: readonly string[];
  readonly exists: readonly string[];
  readonly absent: readonly string[];
}

/** Null when no labels can meet the terms: one label with two values. */
export function labelFilter(terms: readonly LabelTerm[]): LabelFilter | null {
  const of = (kind: LabelTerm['kind']) => terms.filter((term) => term.kind === kind);
  const equals = new Map<string, string>();
  for (const { key, value } of of('equals')) {
    if ((equals.get(key) ?? value) !== value) return null;
    equals.set(key, value);
  }
  const keys = (kind: LabelTerm['kind']) => of(kind).map((term) => plainText(term.key));
  return {
    equals: plainMap(Object.fromEntries(equals)),
    hasEquals: equals.size > 0,
    differsKeys: keys('differs'),
    differsValues: of('differs').map((term) => plainText(term.value)),
    exists: keys('exists'),
    absent: keys('absent'),
  };
}
