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
import type { Verdict } from './source-status.ts';

export interface ChangeInput {
  readonly read: ReadResult;
  readonly files: ReadonlyMap<string, Uint8Array>;
  readonly record: SourceRecord;
  readonly entry: SourceEntry;
  readonly revision: Revision;
  readonly now: number;
}

export type ChangeSet =
  | { readonly kind: 'refused'; readonly verdict: Verdict }
  | {
      readonly kind: 'apply';
      readonly change: Omit<RevisionChange, 'source'>;
      readonly verdict: Extract<Verdict, { kind: 'applied' }>;
    };

/**
 * What applying a revision would change. A git revision applies whole or not at all; of a
 * directory the good files apply, and what the bad ones declared before stays as it is.
 */
export function changeSet(input: ChangeInput): ChangeSet {
  const { read, record, entry, revision, now } = input;
  const errors = read.problems.filter(({ severity }) => severity === 'error');
  if (errors.length > 0 && entry.reader.kind === 'git') {
    return { kind: 'refused', verdict: invalid(revision, read.problems, errors) };
  }
  const inventory = read.resources.map(inventoryEntry);
  const present = new Set(inventory.map(keyOf));
  const gone = record.inventory.filter((each) => !present.has(keyOf(each)));
  const held = gone.filter((each) => each.keep || read.badFiles.has(each.file));
  const pruned = gone.filter((each) => !held.includes(each));
  if (isSuspicious(input, pruned)) return { kind: 'refused', verdict: emptySet(revision, pruned) };
  return {
    kind: 'apply',
    change: {
      workflows: read.resources.flatMap((each) => workflowChangeOf(each, originOf(input, each))),
      runs: read.resources.flatMap(runManifestOf),
      pruned,
      files: neededFiles(input),
      now,
    },
    verdict: {
      kind: 'applied',
      revision: revision.id,
      inventory: [...inventory, ...held.filter((each) => !each.keep)],
      problems: read.problems,
      reason: errors.length > 0 ? 'PartlyApplied' : 'Applied',
      message: appliedMessage(revision, inventory.length, errors),
    },
  };
}

function appliedMessage(revision: Revision, count: number, errors: readonly FileProblem[]): string {
  const applied = `Applied revision ${revision.display}: ${count} objects`;
  return errors.length === 0 ? applied : `${applied}; left out ${firstOf(errors)}`;
}

function firstOf(errors: readonly FileProblem[]): string {
  const [first] = errors;
  if (first === undefined) return '';
  const place = `${first.file}:${first.line}:${first.column}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more problems)` : '';
  return `${place}: ${first.message}${more}`;
}

function invalid(
  revision: Revision,
  problems: readonly FileProblem[],
  errors: readonly FileProblem[],
): Verdict {
  const message = `Revision ${revision.display} was not applied: ${firstOf(errors)}`;
  return { kind: 'invalid', revision: revision.id, reason: 'ValidationFailed', message, problems };
}

/** Several objects vanishing all at once is more likely a wrong path than a wish. */
function isSuspicious(
  { read, record, entry }: ChangeInput,
  pruned: readonly InventoryEntry[],
): boolean {
  if (entry.allowEmpty || read.resources.length > 0) return false;
  return pruned.length > 1 && pruned.length === record.inventory.length;
}

function emptySet(revision: Revision, pruned: readonly InventoryEntry[]): Verdict {
  const message =
    `Revision ${revision.display} declares nothing; applying it would prune all ${pruned.length} objects. ` +
    'Check the path and the branch; if it is meant, set BEHEST_SOURCE_ALLOW_EMPTY=true.';
  return { kind: 'stalled', revision: revision.id, reason: 'EmptySource', message, problems: [] };
}

function keyOf(each: {
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
}): string {
  return `${each.namespace}/${each.kind}/${each.name}`;
}

function inventoryEntry(resource: Resource): InventoryEntry {
  const { namespace, kind, name, file, digest } = resource;
  const keep = resource.annotations['behest.dev/prune'] === 'disabled';
  return { namespace, kind, name, file, digest, keep };
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
function neededFiles({ read, files }: ChangeInput): { digest: string; bytes: Uint8Array }[] {
  const found = new Map<string, Uint8Array>();
  for (const resource of read.resources) {
    if (resource.kind !== 'Workflow') continue;
    for (const [path, digest] of Object.entries(resource.graph.files)) {
      const bytes = files.get(resource.folder === '' ? path : `${resource.folder}/${path}`);
      if (bytes !== undefined) found.set(digest, bytes);
    }
  }
  return [...found].map(([digest, bytes]) => ({ digest, bytes }));
}
