import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** One kind of run of the soak. */
export interface Kind {
  readonly name: string;
  /** Of about a hundred runs. */
  readonly runs: number;
  /** Attempts of one run, a child's counted in. */
  readonly steps: number;
  readonly ends: 'completed' | 'failed' | 'cancelled';
  readonly spec: string;
}

const chain = (count: number): string =>
  ['  steps:', ...Array.from({ length: count }, (_, index) => link(index))].join('\n');

function link(index: number): string {
  const n = index === 0 ? '0' : `"{{ s${index - 1}.output.n }}"`;
  return `    - { id: s${index}, type: noop, config: { n: ${n} } }`;
}

const noop = (id: string): string => `    - { id: ${id}, type: noop, config: { n: 1 } }`;

/** What two hours of an ordinary day hold. */
export const kinds: readonly Kind[] = [
  { name: 'chain', runs: 55, steps: 10, ends: 'completed', spec: chain(10) },
  {
    name: 'fan',
    runs: 10,
    steps: 22,
    ends: 'completed',
    spec: `  steps:
    - { id: list, type: transform, config: { output: "{{ range(20) }}" } }
    - { id: each, type: noop, forEach: "{{ list.output }}", maxParallel: 5, config: { n: "{{ item }}" } }
    - { id: join, type: transform, config: { output: "{{ size(each.output) }}" } }`,
  },
  {
    name: 'retried',
    runs: 10,
    steps: 5,
    ends: 'completed',
    spec: `  steps:
${noop('before')}
    - { id: flaky, type: flaky, config: { failures: 2 }, retry: { maxAttempts: 3, initialDelay: 20ms } }
${noop('after')}`,
  },
  {
    name: 'broken',
    runs: 5,
    steps: 4,
    ends: 'failed',
    spec: `  steps:
${noop('before')}
    - { id: broken, type: flaky, config: { failures: 9, hard: true } }
  onFailure:
${noop('tell')}
  finally:
${noop('clean')}`,
  },
  {
    name: 'parked',
    runs: 2,
    steps: 2,
    ends: 'completed',
    spec: `  resume: { every: 1s, maxAttempts: 3 }
  steps:
    - { id: parked, type: flaky, config: { failures: 1 }, retry: { maxAttempts: 1 } }`,
  },
  {
    name: 'timed',
    runs: 8,
    steps: 3,
    ends: 'completed',
    spec: `  steps:
${noop('before')}
    - { id: pause, type: wait, config: { duration: 300ms } }
${noop('after')}`,
  },
  {
    name: 'parent',
    runs: 7,
    steps: 12,
    ends: 'completed',
    spec: `  steps:
${noop('before')}
    - { id: child, type: workflow, config: { workflow: soak-chain } }
${noop('after')}`,
  },
  {
    name: 'stopped',
    runs: 3,
    steps: 2,
    ends: 'cancelled',
    spec: `  steps:
${noop('before')}
    - { id: forever, type: wait, config: { duration: 24h } }`,
  },
];

/** Writes every kind as a manifest; another edition makes another version of each. */
export function writeManifests(source: string, edition: number): void {
  mkdirSync(source, { recursive: true });
  for (const { name, spec } of kinds) {
    const text = `apiVersion: behest.dev/v1
kind: Workflow
metadata: { name: soak-${name} }
spec:
  title: Edition ${edition}
${spec}
`;
    writeFileSync(join(source, `${name}.yaml`), text);
  }
}
