import fc from 'fast-check';
import type { Edge, Graph, Step } from '../../src/graph/graph.ts';

/** The choices a random step is made of; edges point back by these fractions of what is there. */
interface StepChoice {
  readonly type: 'noop' | 'transform' | 'conditional' | 'switch' | 'wait' | 'start';
  readonly parents: readonly { readonly at: number; readonly branch: number }[];
  readonly join: 'all' | 'any';
  readonly when: 'none' | 'true' | 'false' | 'input';
  readonly fan: number;
  readonly maxParallel: number;
  readonly attempts: number;
  readonly onError: 'fail' | 'continue';
}

const stepChoice: fc.Arbitrary<StepChoice> = fc.record({
  type: fc.oneof(
    { weight: 6, arbitrary: fc.constant('noop' as const) },
    {
      weight: 1,
      arbitrary: fc.constantFrom('transform', 'conditional', 'switch', 'wait', 'start'),
    },
  ),
  parents: fc.array(fc.record({ at: fc.nat(1000), branch: fc.nat(5) }), { maxLength: 3 }),
  join: fc.oneof(
    { weight: 3, arbitrary: fc.constant('all' as const) },
    { weight: 1, arbitrary: fc.constant('any' as const) },
  ),
  when: fc.oneof(
    { weight: 8, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.constantFrom('true', 'false', 'input') },
  ),
  fan: fc.oneof({ weight: 5, arbitrary: fc.constant(-1) }, { weight: 1, arbitrary: fc.nat(4) }),
  maxParallel: fc.integer({ min: 1, max: 3 }),
  attempts: fc.integer({ min: 1, max: 3 }),
  onError: fc.oneof(
    { weight: 3, arbitrary: fc.constant('fail' as const) },
    { weight: 1, arbitrary: fc.constant('continue' as const) },
  ),
});

/** Graphs of up to 12 main steps in up to three phases, with failure and final steps. */
export const randomGraph: fc.Arbitrary<Graph> = fc
  .record({
    main: fc.array(stepChoice, { minLength: 1, maxLength: 9 }),
    onFailure: fc.array(stepChoice, { maxLength: 2 }),
    final: fc.array(stepChoice, { maxLength: 2 }),
    phases: fc.integer({ min: 1, max: 3 }),
    resumeAttempts: fc.nat(2),
    timeoutMs: fc.constantFrom(null, null, null, 5_000),
  })
  .map((choice) => {
    const phaseCount = Math.min(choice.phases, choice.main.length);
    const steps: Step[] = [];
    choice.main.forEach((each, index) => {
      const phase = Math.floor((index * phaseCount) / choice.main.length);
      steps.push(makeStep(each, { steps, section: 'main', phase, first: 0 }));
    });
    for (const [list, section] of [
      [choice.onFailure, 'onFailure'],
      [choice.final, 'finally'],
    ] as const) {
      const first = steps.length;
      for (const each of list) steps.push(makeStep(each, { steps, section, phase: null, first }));
    }
    return {
      input: null,
      phases: Array.from({ length: phaseCount }, (_, index) => ({
        name: `p${index}`,
        title: `P${index}`,
        needs: index === 0 ? [] : [index - 1],
      })),
      steps,
      output: null,
      timeoutMs: choice.timeoutMs,
      resume: { everyMs: 300_000, maxAttempts: choice.resumeAttempts, when: [] },
      files: {},
      applyTrigger: null,
    };
  });

interface Place {
  readonly steps: readonly Step[];
  readonly section: Step['section'];
  readonly phase: number | null;
  readonly first: number;
}

function makeStep(choice: StepChoice, place: Place): Step {
  const { steps, section, phase, first } = place;
  const id = `s${steps.length}`;
  const isPlain = choice.type === 'noop' || choice.type === 'transform';
  return {
    id,
    name: id,
    type: choice.type,
    section,
    phase,
    config: CONFIGS[choice.type],
    needs: edges(choice, steps, first),
    join: choice.join,
    when: { none: null, true: 'true', false: 'false', input: 'input.flag' }[choice.when],
    forEach: choice.fan >= 0 && isPlain ? `{{ range(${choice.fan}) }}` : null,
    maxParallel: choice.maxParallel,
    retry: {
      maxAttempts: choice.attempts,
      initialDelayMs: 100,
      maxDelayMs: 1000,
      factor: 2,
      jitter: 0.2,
    },
    timeoutMs: 60_000,
    onError: choice.onError,
    queue: 'default',
  };
}

const CONFIGS = {
  noop: {},
  start: {},
  transform: { output: '{{ input.flag }}' },
  conditional: { condition: 'input.flag' },
  switch: { value: '{{ input.kind }}', cases: { a: null, b: null } },
  wait: { duration: '2s' },
};

const BRANCHES: Record<string, readonly string[]> = {
  conditional: ['true', 'false'],
  switch: ['a', 'b', 'default'],
};

function edges(choice: StepChoice, steps: readonly Step[], first: number): Edge[] {
  const open = steps.length - first;
  if (open === 0) return [];
  const found = new Map<string, Edge>();
  for (const { at, branch } of choice.parents) {
    const from = first + (at % open);
    const names = BRANCHES[steps[from]?.type ?? ''];
    const name = names === undefined || branch > 3 ? null : (names[branch % names.length] ?? null);
    found.set(`${from}/${name ?? ''}`, { from, branch: name });
  }
  return [...found.values()];
}
