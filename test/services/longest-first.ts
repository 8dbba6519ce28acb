import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Where the files are that take tens of seconds, the longest first. */
const LONG = ['growth/soak', 'chaos', 'simulation', 'e2e', 'growth', 'cli/live', 'fuzz', 'engine'];

/** Starts long files first: one that starts last runs on when all others have ended. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

function rank({ moduleId }: TestSpecification): number {
  const found = LONG.findIndex((part) => moduleId.includes(`/test/${part}`));
  return found === -1 ? LONG.length : found;
}
