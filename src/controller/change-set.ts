import type { ReadResult, Resource } from '../manifest/read.ts';
import type { FileProblem, InventoryEntry, SourceRecord } from '../record/source.ts';
import type { Origin } from '../record/workflow.ts';
import type {
  Revision,
  RevisionChange,
  RunManifest,
  SourceEntry,
  WorkflowChange,
} from './ports.ts';
import { inventoryEntry, keyOf } from './inventory.ts';
import { isOwnedElsewhere } from './ownership.ts';
import { type Application, reasons, type Refusal } from './source-status.ts';

export interface ChangeInput {
  readonly read: ReadResult;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly record: SourceRecord;
  readonly entry: SourceEntry;
  readonly revision: Revision;
  readonly now: number;
}

export type ChangeSet =
  | { readonly kind: 'refused'; readonly verdict: Refusal }
  | {
      readonly kind: 'apply';
      readonly change: Omit<RevisionChange, 'source'>;
      readonly verdict: Application;
    };

/**
 * What applying a revision would change. A git revision applies whole or not at all; of a
 * directory the good files apply, and what the bad ones declared before stays as it is.
 */
export function changeSet(input: ChangeInput): ChangeSet {
  const { read, record, entry, revision } = input;
  const errors = read.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0 && entry.reader.kind === 'git') {
    return { kind: 'refused', verdict: invalid(revision, read.problems, errors) };
  }
  const inventory = read.resources.map(inventoryEntry);
  const present = new Set(inventory.map(keyOf));
  const gone = record.inventory.filter((each) => !present.has(keyOf(each)));
  const held = new Set(gone.filter((each) => each.keep || read.badFiles.has(each.file)));
  const pruned = gone.filter((each) => !held.has(each));
  if (isSuspicious(input, pruned)) return { kind: 'refused', verdict: emptySet(revision, pruned) };
  return {
    kind: 'apply',
    change: { ...declaredChange(input, inventory), pruned },
    verdict: {
      kind: 'applied',
      revision: revision.id,
      inventory: [...inventory, ...[...held].filter((each) => !each.keep)],
      problems: read.problems,
      reason: errors.length > 0 ? partReason(errors) : reasons.applied,
      message: appliedMessage(revision, inventory.length, errors),
    },
  };
}

/** What the ledger has to look at: what changed since the inventory, or all when that is asked. */
function declaredChange(
  input: ChangeInput,
  inventory: readonly InventoryEntry[],
): Pick<RevisionChange, 'workflows' | 'runs' | 'files' | 'now'> {
  const { read, record, files, now } = input;
  const isAsked = record.requestedToken !== record.comparedToken;
  const before = new Map(record.inventory.map((each) => [keyOf(each), each.digest]));
  const changed = read.resources.filter((_, index) => {
    const entry = inventory[index];
    return isAsked || entry === undefined || before.get(keyOf(entry)) !== entry.digest;
  });
  return {
    workflows: changed.flatMap((each) => workflowChangeOf(each, originOf(input, each))),
    runs: changed.flatMap(runManifestOf),
    files: neededFiles(changed, files),
    now,
  };
}

function partReason(errors: readonly FileProblem[]): string {
  return errors.some(isOwnedElsewhere) ? reasons.ownershipConflict : reasons.partlyApplied;
}

function appliedMessage(revision: Revision, count: number, errors: readonly FileProblem[]): string {
  const applied = `Applied revision ${revision.display}: ${count} objects`;
  return errors.length === 0 ? applied : `${applied}; left out ${firstOf(errors)}`;
}

function firstOf(errors: readonly FileProblem[]): string {
  const first = errors.find(isOwnedElsewhere) ?? errors[0];
  if (first === undefined) return '';
  const place = `${first.file}:${first.line}:${first.column}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more problems)` : '';
  return `${place}: ${first.message}${more}`;
}

/** What another source owns is for a person to decide; all else the next revision may mend. */
function invalid(
  revision: Revision,
  problems: readonly FileProblem[],
  errors: readonly FileProblem[],
): Refusal {
  const isConflict = errors.some(isOwnedElsewhere);
  return {
    kind: isConflict ? 'stalled' : 'invalid',
    revision: revision.id,
    reason: isConflict ? reasons.ownershipConflict : reasons.validationFailed,
    message: `Revision ${revision.display} was not applied: ${firstOf(errors)}`,
    problems,
  };
}

/** Several objects vanishing all at once is more likely a wrong path than a wish. */
function isSuspicious(
  { read, record, entry }: ChangeInput,
  pruned: readonly InventoryEntry[],
): boolean {
  if (entry.allowEmpty || read.resources.length > 0) return false;
  return pruned.length > 1 && pruned.length === record.inventory.length;
}

function emptySet(revision: Revision, pruned: readonly InventoryEntry[]): Refusal {
  const message =
    `Revision ${revision.display} declares nothing; applying it would prune all ${pruned.length} objects. ` +
    'Check the path and the branch; if it is meant, set BEHEST_SOURCE_ALLOW_EMPTY=true.';
  return {
    kind: 'stalled',
    revision: revision.id,
    reason: reasons.emptySource,
    message,
    problems: [],
  };
}

function originOf({ record, revision }: ChangeInput, resource: Resource): Origin {
  return {
    source: record.name,
    revision: revision.id,
    path: resource.file,
    commit: revision.commit ?? '',
    author: revision.author ?? '',
  };
}

export function workflowChangeOf(resource: Resource, origin: Origin): WorkflowChange[] {
  if (resource.kind !== 'Workflow') return [];
  const { namespace, name, title, description, labels, annotations, graph, digest, manifest } =
    resource;
  return [
    { namespace, name, title, description, labels, annotations, graph, digest, manifest, origin },
  ];
}

export function runManifestOf(resource: Resource): RunManifest[] {
  if (resource.kind !== 'Run') return [];
  const { namespace, name, workflow, input, labels, onDelete, digest } = resource;
  return [{ namespace, name, workflow, input, labels, onDelete, digest }];
}

/** The contents of the files that versions refer to, each once. */
function neededFiles(
  resources: readonly Resource[],
  files: ReadonlyMap<string, Uint8Array>,
): { digest: string; bytes: Uint8Array }[] {
  const found = new Map<string, Uint8Array>();
  for (const resource of resources) {
    if (resource.kind !== 'Workflow') continue;
    for (const [path, digest] of Object.entries(resource.graph.files)) {
      const bytes = files.get(resource.folder === '' ? path : `${resource.folder}/${path}`);
      if (bytes !== undefined) found.set(digest, bytes);
    }
  }
  return [...found].map(([digest, bytes]) => ({ digest, bytes }));
}
