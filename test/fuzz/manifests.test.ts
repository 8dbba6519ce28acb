import { describe, expect, test } from 'vitest';
import { corpus } from './manifests/corpus.ts';
import { examine } from './manifests/examine.ts';
import { everyMonster } from './manifests/monsters.ts';
import { fireManifests } from './manifests/volley.ts';

/** Some ten seconds; `npm run fuzz -- manifests` is the long form. */
const RUNS = 1000;
const SEED = 4711;

describe('the good corpus', () => {
  const samples = corpus(null);

  test('has every example, every page of the documentation and every dialect', () => {
    const names = samples.map(({ name }) => name.replace(/#\d+$/, ''));
    expect(names).toEqual(
      expect.arrayContaining([
        ...['first-import.yaml', 'import-assets/workflow.yaml', 'img-edit-to-video/config.json'],
        ...['docs/spec/workflow.md', 'docs/spec/nodes/http.md', 'docs/dialects.md'],
        ...['graph', 'task spec', 'jobs', 'step list', 'everything'],
      ]),
    );
  });

  test.each(samples.map((sample) => [sample.name, sample] as const))('%s stands', (_, sample) => {
    expect(examine(sample.files)).toBeNull();
  });
});

describe('what is nothing but large → told at its place within a second', () => {
  test.each(everyMonster().map((each) => [each.label, each] as const))('%s', (_, { files }) => {
    expect(examine(files)).toBeNull();
  });
});

test(
  `${RUNS} spoilt manifests → resources that stand, or problems with a place`,
  { timeout: 120_000 },
  async () => {
    const faults = await fireManifests({ seed: SEED, from: 0, to: RUNS, seeds: null });
    expect(faults).toEqual([]);
  },
);
