import type { Mistake } from './source-text.ts';

/** Words of the design that this version does not serve yet, and what to use instead. */
const UNSERVED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  kind: {
    Secret: 'Give secrets to the runner through its environment.',
    NodeType: 'Use a code or http step.',
    Source: 'Name the source in BEHEST_SOURCE.',
  },
  spec: {
    concurrency: 'Limit a fan-out with maxParallel.',
    priority: 'Give urgent steps a queue of their own with queue.',
    retention: 'Finished runs are kept.',
    budget: 'Limit runs with timeout.',
  },
  trigger: {
    schedule: 'Start runs from cron with behest run, or declare a Run manifest.',
    webhook: 'Start runs with POST /api/v1/workflows/{name}/execute.',
    event: 'Start runs with POST /api/v1/workflows/{name}/execute.',
    workflow: 'Start the other workflow with a step of type workflow.',
  },
  step: {
    cache: 'Checkpoints are already reused when a run is retried.',
    rateLimit: 'Limit a fan-out with maxParallel.',
    priority: 'Give urgent steps a queue of their own with queue.',
  },
  type: {
    agent: 'Use an llm step.',
    approval: 'Use a wait step, or two workflows.',
    signal: 'Use a wait step, or two workflows.',
    emit: 'Use an http step.',
    handler: 'Use a code step.',
  },
};

export type Place = 'kind' | 'spec' | 'trigger' | 'step' | 'type';

/** The mistake of using this word here; undefined when the word is no planned one. */
export function unserved(place: Place, word: string): Mistake | undefined {
  const words = UNSERVED[place];
  if (words === undefined || !Object.hasOwn(words, word)) return undefined;
  const what = place === 'kind' || place === 'type' ? `${place} "${word}"` : `field "${word}"`;
  return {
    code: 'not-supported-yet',
    message: `The ${what} is planned, but this version does not serve it yet.`,
    hint: words[word] ?? '',
  };
}
