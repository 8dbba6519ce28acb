import { randomUUID } from 'node:crypto';

import type { WorkflowChange } from '../controller/ports.ts';
import type { ForeignObject } from './ownership-conflict.ts';

/** What the database has of a workflow; version 0 is a row that was made just now. */
export interface StoredWorkflow {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly labels: { readonly [name: string]: string };
  readonly annotations: { readonly [name: string]: string };
  readonly owner: string;
  readonly version_id: string | null;
  readonly version_number: number;
  readonly digest: string;
  readonly deleted_at: number | null;
}

/** One workflow with what is to become of it. */
export interface WorkflowPlan {
  readonly outcome: 'created' | 'configured' | 'unchanged';
  readonly stored: StoredWorkflow;
  readonly change: WorkflowChange;
  /** Of the newest version afterwards. */
  readonly versionId: string;
  readonly versionNumber: number;
  readonly isNewVersion: boolean;
}

export function objectName(kind: string, object: { namespace: string; name: string }): string {
  return `${kind} ${object.namespace}/${object.name}`;
}

/** The workflow, when a source other than this one owns it; else null. */
export function foreignObject(stored: StoredWorkflow, source: string): ForeignObject | null {
  const { owner } = stored;
  if (!isAlive(stored) || owner === '' || owner === source) return null;
  return { object: objectName('workflow', stored), owner };
}

function isAlive({ version_id: version, deleted_at: deletedAt }: StoredWorkflow): boolean {
  return version !== null && deletedAt === null;
}

/**
 * Decides about one declared workflow. `owner` is the source that declares it, empty for a write
 * through the API. Nothing that `foreignObject` tells of may be planned; what the API wrote, and what
 * was deleted, is adopted.
 */
export function planWorkflow(
  stored: StoredWorkflow,
  change: WorkflowChange,
  owner: string,
): WorkflowPlan {
  const isNewVersion = stored.version_id === null || stored.digest !== change.digest;
  const isSame = !isNewVersion && stored.owner === owner && isSameDescription(stored, change);
  return {
    outcome: !isAlive(stored) ? 'created' : isSame ? 'unchanged' : 'configured',
    stored,
    change,
    versionId: isNewVersion ? randomUUID() : (stored.version_id ?? ''),
    versionNumber: stored.version_number + (isNewVersion ? 1 : 0),
    isNewVersion,
  };
}

function isSameDescription(stored: StoredWorkflow, change: WorkflowChange): boolean {
  return (
    stored.title === change.title &&
    stored.description === change.description &&
    isSameMap(stored.labels, change.labels) &&
    isSameMap(stored.annotations, change.annotations)
  );
}

function isSameMap(
  a: { readonly [name: string]: string },
  b: { readonly [name: string]: string },
): boolean {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => a[name] === b[name]);
}
