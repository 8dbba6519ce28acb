import type { FileProblem } from '../record/source.ts';
import type { Placed } from './read-documents.ts';
import type { Resource } from './resource.ts';
import { checkInput } from './schema/check-input.ts';

/** Checks between the objects of one source: names that are taken, inputs of declared runs. */
export function crossCheck(
  placed: readonly Placed[],
  problems: readonly FileProblem[],
): [readonly Resource[], readonly FileProblem[]] {
  const found = [...problems];
  const first = new Map<string, Placed>();
  for (const each of placed) {
    const { resource } = each;
    const key = `${resource.kind} ${resource.namespace}/${resource.name}`;
    const other = first.get(key);
    if (other === undefined) first.set(key, each);
    else found.push(duplicate(each, other.resource));
  }
  for (const each of placed) found.push(...inputProblems(each, first));
  return [placed.map(({ resource }) => resource), found];
}

function duplicate({ resource, problemAt }: Placed, other: Resource): FileProblem {
  const place = `${other.file}:${other.line}:${other.column}`;
  return problemAt({
    code: 'duplicate-name',
    severity: 'error',
    path: ['metadata', 'name'],
    message: `There is another ${resource.kind} "${resource.name}" in namespace "${resource.namespace}", at ${place}.`,
    hint: 'Give one of them another name or namespace.',
  });
}

function inputProblems(
  { resource, problemAt }: Placed,
  declared: ReadonlyMap<string, Placed>,
): readonly FileProblem[] {
  if (resource.kind === 'Run') {
    const workflow = declared.get(`Workflow ${resource.namespace}/${resource.workflow}`)?.resource;
    if (workflow?.kind !== 'Workflow') return [];
    return checkInput(workflow.graph.input, resource.input).map((problem) =>
      problemAt({ ...problem, path: ['spec', 'input', ...problem.path] }),
    );
  }
  const { applyTrigger, input } = resource.graph;
  if (applyTrigger === null) return [];
  const triggers = (
    resource.manifest['spec'] as { readonly triggers?: readonly { readonly name: string }[] }
  ).triggers;
  const index = triggers?.findIndex(({ name }) => name === applyTrigger.name) ?? 0;
  return checkInput(input, applyTrigger.input ?? {}).map((problem) =>
    problemAt({ ...problem, path: ['spec', 'triggers', index, 'input', ...problem.path] }),
  );
}
