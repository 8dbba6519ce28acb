import type { Condition, FileProblem, InventoryEntry, SourceRecord } from '../record/source.ts';
import type { AppliedRevision } from './ports.ts';

/** Stable: programs match them. docs/operations/gitops.md says what each means. */
export const reasons = {
  progressing: 'Progressing',
  progressingWithRetry: 'ProgressingWithRetry',
  applied: 'Applied',
  partlyApplied: 'PartlyApplied',
  validationFailed: 'ValidationFailed',
  ownershipConflict: 'OwnershipConflict',
  fetchFailed: 'FetchFailed',
  emptySource: 'EmptySource',
  driftCorrected: 'DriftCorrected',
} as const;

/** How one look at a source ended; what its conditions are made of. */
export type Verdict = Application | Refusal;

export interface Application {
  readonly kind: 'applied';
  readonly revision: string;
  readonly inventory: readonly InventoryEntry[];
  /** Warnings, and the errors of files that a directory source left out. */
  readonly problems: readonly FileProblem[];
  readonly reason: string;
  readonly message: string;
}

export interface Refusal {
  /** `stalled`: a person must act. `invalid`: the next revision may mend it. */
  readonly kind: 'invalid' | 'stalled' | 'fetchFailed';
  readonly revision: string;
  readonly problems: readonly FileProblem[];
  readonly reason: string;
  readonly message: string;
}

/** The source's record after this verdict: the conditions as kubectl users know them. */
export function withVerdict(record: SourceRecord, verdict: Verdict, now: number): SourceRecord {
  const { kind, reason, message, problems } = verdict;
  const hasErrors = problems.some(({ severity }) => severity === 'error');
  const isReady = kind === 'applied' && !hasErrors;
  const wanted: Omit<Condition, 'lastTransitionAt'>[] = [
    { type: 'Ready', status: isReady ? 'True' : 'False', reason, message },
  ];
  if (kind === 'stalled') wanted.push({ type: 'Stalled', status: 'True', reason, message });
  if (kind === 'fetchFailed') {
    wanted.push({ type: 'FetchFailed', status: 'True', reason, message });
    wanted.push({
      type: 'Reconciling',
      status: 'True',
      reason: reasons.progressingWithRetry,
      message,
    });
  }
  const applied = kind === 'applied' ? verdict : null;
  return {
    ...record,
    lastAttemptedRevision: verdict.revision,
    lastAppliedRevision: applied?.revision ?? record.lastAppliedRevision,
    inventory: applied?.inventory ?? record.inventory,
    problems,
    conditions: wanted.map((condition) => dated(record.conditions, condition, now)),
    handledToken: record.requestedToken,
    comparedToken: applied === null ? record.comparedToken : record.requestedToken,
    updatedAt: now,
  };
}

/** Whether the two say the same of the source, whenever they were written. */
export function isSameStatus(a: SourceRecord, b: SourceRecord): boolean {
  return faceOf(a) === faceOf(b);
}

function faceOf(record: SourceRecord): string {
  const conditions = record.conditions.map((each) => ({ ...each, lastTransitionAt: 0 }));
  return JSON.stringify({ ...record, conditions, updatedAt: 0 });
}

/** lastTransitionAt changes only when the status does. */
function dated(
  before: readonly Condition[],
  condition: Omit<Condition, 'lastTransitionAt'>,
  now: number,
): Condition {
  const old = before.find(({ type }) => type === condition.type);
  const isSame = old?.status === condition.status;
  return { ...condition, lastTransitionAt: isSame ? old.lastTransitionAt : now };
}

export interface AppliedSummary {
  /** Empty when nothing changed: then there is nothing to tell. */
  readonly message: string;
  readonly changed: {
    readonly created: number;
    readonly configured: number;
    readonly pruned: number;
  };
}

export function describeApplied(applied: AppliedRevision): AppliedSummary {
  const { created, configured, pruned } = applied;
  const parts = [
    ...created.map((name) => `${name} created`),
    ...configured.map((name) => `${name} configured`),
    ...pruned.map((name) => `${name} pruned`),
  ];
  const shown = parts.slice(0, 20);
  if (parts.length > shown.length) shown.push(`and ${parts.length - shown.length} more`);
  return {
    message: shown.join(', '),
    changed: { created: created.length, configured: configured.length, pruned: pruned.length },
  };
}
