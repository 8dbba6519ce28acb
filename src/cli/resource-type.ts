import { closest, distance } from 'fastest-levenshtein';

import { CommandFailure } from './exit-code.ts';

export type ResourceType = 'workflows' | 'runs' | 'sources' | 'nodes' | 'events' | 'versions';

export const resourceTypes: readonly {
  readonly type: ResourceType;
  readonly singular: string;
  readonly short: readonly string[];
  readonly verbs: string;
}[] = [
  { type: 'workflows', singular: 'workflow', short: ['wf'], verbs: 'get, describe, delete, run' },
  {
    type: 'runs',
    singular: 'run',
    short: ['job', 'jobs'],
    verbs: 'get, describe, watch, logs, cancel, retry',
  },
  {
    type: 'sources',
    singular: 'source',
    short: ['src'],
    verbs: 'get, describe, reconcile, suspend, resume',
  },
  { type: 'nodes', singular: 'node', short: ['nodetype', 'nodetypes'], verbs: 'get, describe' },
  { type: 'events', singular: 'event', short: ['ev'], verbs: 'get' },
  { type: 'versions', singular: 'version', short: ['ver'], verbs: 'get (of one workflow)' },
];

/** Reads a type by any of its names; throws a usage failure with the closest. */
export function parseType(word: string): ResourceType {
  const wanted = word.toLowerCase();
  const found = resourceTypes.find(
    ({ type, singular, short }) => type === wanted || singular === wanted || short.includes(wanted),
  );
  if (found !== undefined) return found.type;
  const names = resourceTypes.flatMap(({ type, singular, short }) => [type, singular, ...short]);
  const near = closest(wanted, names);
  const hint = distance(wanted, near) <= 3 ? ` Did you mean ${near}?` : '';
  throw new CommandFailure(
    'usage',
    `${word} is not a resource type.${hint} \`behest api-resources\` lists them.`,
  );
}

export interface Target {
  readonly type: ResourceType;
  readonly name: string | null;
}

/** `TYPE`, `TYPE NAME…` and `TYPE/NAME…`. */
export function parseTargets(words: readonly string[]): Target[] {
  const [first = '', ...rest] = words;
  if (words.every((word) => word.includes('/'))) {
    return words.map((word) => {
      const slash = word.indexOf('/');
      return { type: parseType(word.slice(0, slash)), name: word.slice(slash + 1) };
    });
  }
  const type = parseType(first);
  return rest.length === 0 ? [{ type, name: null }] : rest.map((name) => ({ type, name }));
}
