import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { readManifests, type Resource, type WorkflowResource } from '../../src/manifest/read.ts';
import { nodeTypes } from '../../src/nodes/registry.ts';
import type { FileProblem } from '../../src/record/source.ts';

export type Files = { readonly [path: string]: unknown };

interface Read {
  readonly resources: readonly Resource[];
  readonly problems: readonly FileProblem[];
}

/** Reads files; a value that is no text is written as JSON. */
export function read(files: Files): Read {
  const encoder = new TextEncoder();
  const entries = Object.entries(files).map(([path, content]) => {
    const text = typeof content === 'string' ? content : JSON.stringify(content, null, 2);
    return [path, encoder.encode(text)] as const;
  });
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  return readManifests(new Map(entries), { nodeTypes, digest });
}

/** The workflows that these files declare; any error fails the test with its place. */
export function readWorkflows(files: Files): readonly WorkflowResource[] {
  const { resources, problems } = read(files);
  const errors = problems.filter(({ severity }) => severity === 'error');
  expect(
    errors.map(({ file, line, column, message }) => `${file}:${line}:${column} ${message}`),
  ).toEqual([]);
  return resources.filter((resource) => resource.kind === 'Workflow');
}

export function readOne(files: Files): WorkflowResource {
  const [workflow, ...others] = readWorkflows(files);
  expect(others).toEqual([]);
  if (workflow === undefined) throw new Error('the files declare no workflow');
  return workflow;
}

export function canonical(name: string, spec: object): object {
  return { apiVersion: 'behest.dev/v1', kind: 'Workflow', metadata: { name }, spec };
}
