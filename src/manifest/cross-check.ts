import type { Problem } from '../graph/problem.ts';
import type { FileProblem } from '../record/source.ts';
import type { Resource } from './resource.ts';
import { checkInput } from './schema/check-input.ts';

/** Finds the place of a problem in the file that declares the resource. */
export type PlaceOf = (resource: Resource, problem: Problem) => FileProblem;

/** Checks between the objects of one source: names that are taken, inputs of declared runs. */
export function crossCheck(
  resources: readonly Resource[],
  placeOf: PlaceOf,
): readonly FileProblem[] {
  const found: FileProblem[] = [];
  const first = new Map<string, Resource>();
  for (const each of resources) {
    const key = keyOf(each);
    const other = first.get(key);
    if (other === undefined) first.set(key, each);
    else found.push(placeOf(each, duplicate(each, other)));
  }
  for (const each of resources) {
    for (const problem of inputProblems(each, first)) found.push(placeOf(each, problem));
  }
  return found;
}

/** Of resources that stay the same from reading to reading. */
const keys = new WeakMap<Resource, string>();

function keyOf(resource: Resource): string {
  const known = keys.get(resource);
  if (known !== undefined) return known;
  const key = `${resource.kind} ${resource.namespace}/${resource.name}`;
  keys.set(resource, key);
  return key;
}

function duplicate(resource: Resource, other: Resource): Problem {
  const place = `${other.file}:${other.line}:${other.column}`;
  return {
    code: 'duplicate-name',
    severity: 'error',
    path: ['metadata', 'name'],
    message: `There is another ${resource.kind} "${resource.name}" in namespace "${resource.namespace}", at ${place}.`,
    hint: 'Give one of them another name or namespace.',
  };
}

function inputProblems(
  resource: Resource,
  declared: ReadonlyMap<string, Resource>,
): readonly Problem[] {
  if (resource.kind === 'Run') {
    const workflow = declared.get(`Workflow ${resource.namespace}/${resource.workflow}`);
    if (workflow?.kind !== 'Workflow') return [];
    return checkInput(workflow.graph.input, resource.input).map((problem) => ({
      ...problem,
      path: ['spec', 'input', ...problem.path],
    }));
  }
  const { applyTrigger, input } = resource.graph;
  if (applyTrigger === null) return [];
  const triggers = (
    resource.manifest['spec'] as { readonly triggers?: readonly { readonly name: string }[] }
  ).triggers;
  const index = triggers?.findIndex(({ name }) => name === applyTrigger.name) ?? 0;
  return checkInput(input, applyTrigger.input ?? {}).map((problem) => ({
    ...problem,
    path: ['spec', 'triggers', index, 'input', ...problem.path],
  }));
}
