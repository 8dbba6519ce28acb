import type { ReadResult, Resource } from '../manifest/read.ts';
import type { FileProblem } from '../record/source.ts';

/** What the ledger throws when a source declares what others own. */
export interface OwnershipConflictError extends Error {
  /** The source that was to be applied. */
  readonly claimant: string;
  readonly conflicts: readonly { readonly object: string; readonly owner: string }[];
}

export function isOwnershipConflict(error: unknown): error is OwnershipConflictError {
  return error instanceof Error && error.name === 'OwnershipConflict' && 'conflicts' in error;
}

/** Whether a problem is that of an object which another source owns. */
export function isOwnedElsewhere({ code }: FileProblem): boolean {
  return code === 'owned-elsewhere';
}

/**
 * The reading, with a problem at each object that another source owns; nothing else of its file
 * counts then. Throws the error itself when it is about none of them: that would never end.
 */
export function withConflicts(read: ReadResult, error: OwnershipConflictError): ReadResult {
  const owners = new Map(error.conflicts.map(({ object, owner }) => [object, owner]));
  const problems = read.resources.flatMap((resource) => {
    const owner = owners.get(
      `${resource.kind.toLowerCase()} ${resource.namespace}/${resource.name}`,
    );
    return owner === undefined ? [] : [conflictAt(resource, { owner, claimant: error.claimant })];
  });
  if (problems.length === 0) throw error;
  const badFiles = new Set([...read.badFiles, ...problems.map(({ file }) => file)]);
  return {
    resources: read.resources.filter(({ file }) => !badFiles.has(file)),
    problems: [...read.problems, ...problems],
    badFiles,
  };
}

function conflictAt(
  resource: Resource,
  by: { readonly owner: string; readonly claimant: string },
): FileProblem {
  const { kind, namespace, name, file, line, column } = resource;
  return {
    file,
    line,
    column,
    code: 'owned-elsewhere',
    severity: 'error',
    message: `${kind} "${name}" in namespace "${namespace}" belongs to source "${by.owner}", and source "${by.claimant}" declares it too.`,
    hint: 'Remove it from one of the two sources.',
    frame: '',
  };
}
