import { expect } from 'vitest';
import { build } from '../build.ts';
import type { NodeTraits } from '../node-traits.ts';
import type { Path, Problem } from '../problem.ts';
import type { StepSpec, WorkflowSpec } from '../spec.ts';

export function traits(runsIn: NodeTraits['runsIn'], more: Partial<NodeTraits> = {}): NodeTraits {
  return { runsIn, timeoutMs: 60_000, fileKeys: [], verbatimKeys: [], ...more };
}

export const NODE_TYPES: ReadonlyMap<string, NodeTraits> = new Map([
  ['http', traits('runner')],
  ['code', traits('runner', { fileKeys: ['file', 'files'], verbatimKeys: ['code'] })],
  ['conditional', traits('controller')],
  ['switch', traits('controller')],
  ['transform', traits('controller')],
  ['wait', traits('controller')],
]);

export const FILES = { 'main.py': 'aa', 'lib/util.py': 'bb' };

export function problemsOf(
  spec: WorkflowSpec,
  files: Readonly<Record<string, string>> = FILES,
): readonly Problem[] {
  const { graph, problems } = build(spec, { nodeTypes: NODE_TYPES, files });
  expect(graph === null).toBe(problems.some(({ severity }) => severity === 'error'));
  return problems;
}

export interface Expected {
  readonly code: string;
  readonly path: Path;
  readonly message: string;
  readonly hint?: string;
  readonly severity?: Problem['severity'];
  readonly span?: readonly [offset: number, length: number];
}

/** Exactly this one problem. */
export function check(spec: WorkflowSpec, expected: Expected): void {
  const problems = problemsOf(spec);
  expect(problems.map(({ code }) => code)).toStrictEqual([expected.code]);
  const [problem] = problems;
  expect(problem?.path).toStrictEqual(expected.path);
  expect(problem?.message).toContain(expected.message);
  expect(problem?.hint ?? '').toContain(expected.hint ?? '');
  expect(problem?.severity).toBe(expected.severity ?? 'error');
  if (expected.span === undefined) return;
  const [offset, length] = expected.span;
  expect(problem?.span).toStrictEqual({ offset, length });
}

export function http(id: string, more: Partial<StepSpec> = {}): StepSpec {
  return { id, type: 'http', ...more };
}

export function conditional(
  id: string,
  config: StepSpec['config'],
  more: Partial<StepSpec> = {},
): StepSpec {
  return { id, type: 'conditional', config: { condition: 'true', ...config }, ...more };
}

export type Row = readonly [name: string, spec: WorkflowSpec, expected: Expected];
