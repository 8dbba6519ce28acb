import type { Graph, Step } from '../../src/graph/graph.ts';

/** A graph of one phase: the steps as given, over plain defaults. */
export function sampleGraph(steps: readonly Partial<Step>[], change: Partial<Graph> = {}): Graph {
  return {
    input: null,
    phases: [{ name: 'main', title: 'Main', needs: [] }],
    steps: steps.map((step, index) => ({
      id: `s${index}`,
      name: `s${index}`,
      type: 'noop',
      section: 'main',
      phase: 0,
      config: {},
      needs: [],
      join: 'all',
      when: null,
      forEach: null,
      maxParallel: null,
      retry: { maxAttempts: 1, initialDelayMs: 100, maxDelayMs: 1000, factor: 2, jitter: 0 },
      timeoutMs: 60_000,
      onError: 'fail',
      queue: 'default',
      ...step,
    })),
    output: null,
    timeoutMs: null,
    resume: { everyMs: 10_000, maxAttempts: 5, when: [] },
    files: {},
    applyTrigger: null,
    ...change,
  };
}
