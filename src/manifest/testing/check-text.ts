import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { nodeTypes } from '../../nodes/registry.ts';
import type { FileProblem } from '../../record/source.ts';
import { readManifests, type ReadResult } from '../read.ts';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Reads texts by path, as a source would give them. */
export function readFiles(files: { readonly [path: string]: string | Uint8Array }): ReadResult {
  const encoder = new TextEncoder();
  const bytes = Object.entries(files).map(
    ([path, text]) => [path, typeof text === 'string' ? encoder.encode(text) : text] as const,
  );
  return readManifests(new Map(bytes), { nodeTypes, digest: sha256 });
}

/** `6:7 unknown-field`, and parts of message and hint that must be there. */
export type Expected = readonly [place: string, message?: string, hint?: string];

/** The problems of a text are these, all of them, in this order. */
export function check(
  text: string | Uint8Array,
  expected: readonly Expected[],
  file = 'a.yaml',
): void {
  const { problems, resources } = readFiles({ [file]: text });
  expectProblems(problems, expected);
  const hasErrors = problems.some(({ severity }) => severity === 'error');
  expect(resources.length > 0).toBe(!hasErrors);
}

export function expectProblems(
  problems: readonly FileProblem[],
  expected: readonly Expected[],
): void {
  const found = problems.map(({ line, column, code }) => `${line}:${column} ${code}`);
  expect(found).toEqual(expected.map(([place]) => place));
  expected.forEach(([, message = '', hint = ''], index) => {
    expect(problems[index]?.message).toContain(message);
    expect(problems[index]?.hint).toContain(hint);
    expect(problems[index]?.frame).toMatch(/^> +\d+ \|.*\n +\| +\^/m);
  });
}

export type Case = readonly [situation: string, text: string, ...expected: Expected[]];

/** One test for each case; `wrap` makes a whole file of its text. */
export function checkAll(
  cases: readonly Case[],
  wrap: (text: string) => string = (text) => text,
): void {
  test.each(cases.map(([situation, text, ...expected]) => ({ situation, text, expected })))(
    '$situation',
    ({ text, expected }) => check(wrap(text), expected),
  );
}

/** A workflow with these steps; they begin at line 6, column 5. */
export function withSteps(steps: string): string {
  return `${HEAD}  steps:\n${indent(steps, 4)}`;
}

/** A workflow with one good step and these further fields of its spec, from line 7, column 3. */
export function withSpec(fields: string): string {
  return `${HEAD}  steps:\n    - { id: a, type: start }\n${indent(fields, 2)}`;
}

/** A step with this type and config fields; these begin at line 9, column 9. */
export function withConfig(type: string): (fields: string) => string {
  return (fields) => withSteps(`- id: a\n  type: ${type}\n  config:\n${indent(fields, 4)}`);
}

const HEAD = 'apiVersion: behest.dev/v1\nkind: Workflow\nmetadata: { name: w }\nspec:\n';

function indent(text: string, spaces: number): string {
  return text
    .split('\n')
    .map((line) => (line === '' ? line : ' '.repeat(spaces) + line))
    .join('\n');
}
