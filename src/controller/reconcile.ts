import type { ReadResult } from '../manifest/read.ts';
import type { Bus } from '../bus/bus.ts';
import type { SourceRecord } from '../record/source.ts';
import type { AppliedRevision, Clock, Ledger, Log, Revision, SourceEntry } from './ports.ts';
import { checkRuns } from './check-runs.ts';
import { changeSet, type ChangeSet } from './change-set.ts';
import { describeApplied, type Verdict, withVerdict } from './source-status.ts';

/** Text to resources and problems: the manifest room, with this server's node types. */
export type ReadFiles = (files: ReadonlyMap<string, Uint8Array>) => ReadResult;

export interface ReconcileParts {
  readonly ledger: Ledger;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Log;
  readonly readers: ReadFiles;
  readonly loop: { look(runIds: readonly string[], hasRequests: boolean): void };
}

/**
 * Makes the ledger what the source declares: resolve the revision, read, validate, compile, diff,
 * apply in one transaction, record the status. Level-triggered: it starts from the manifests and
 * the records alone. Sets Ready (and Reconciling, Stalled, FetchFailed while they hold).
 */
export async function reconcile(
  parts: ReconcileParts,
  entry: SourceEntry,
  signal: AbortSignal,
): Promise<'done' | 'failed'> {
  const record = (await parts.ledger.loadSource(entry.name)) ?? newRecord(entry);
  if (record.suspended) return 'done';
  const current = { ...record, location: entry.reader.location, ref: entry.reader.ref };
  const fetched = await fetchRevision(current, entry, signal);
  if ('failure' in fetched) return refuse(parts, current, fetched.failure);
  const { revision } = fetched;
  const isAsked = current.requestedToken !== current.handledToken;
  if (revision.id === current.lastAttemptedRevision && !isAsked && !isFetchFailed(current))
    return 'done';
  return applyFiles(parts, { record: current, entry, revision, signal });
}

function isFetchFailed(record: SourceRecord): boolean {
  return record.conditions.some(({ type, status }) => type === 'FetchFailed' && status === 'True');
}

async function fetchRevision(
  record: SourceRecord,
  { reader }: SourceEntry,
  signal: AbortSignal,
): Promise<{ revision: Revision } | { failure: Verdict }> {
  try {
    return { revision: await reader.resolve(signal) };
  } catch (error) {
    return { failure: fetchFailure(error, record.lastAttemptedRevision) };
  }
}

function fetchFailure(error: unknown, revision: string): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  const isStalled = error instanceof Error && 'isStalled' in error && error.isStalled === true;
  return {
    kind: isStalled ? 'stalled' : 'fetchFailed',
    revision,
    reason: 'FetchFailed',
    message,
    problems: [],
  };
}

interface Attempt {
  readonly record: SourceRecord;
  readonly entry: SourceEntry;
  readonly revision: Revision;
  readonly signal: AbortSignal;
}

async function applyFiles(parts: ReconcileParts, attempt: Attempt): Promise<'done' | 'failed'> {
  const { entry, revision, record, signal } = attempt;
  let files: ReadonlyMap<string, Uint8Array>;
  try {
    files = await entry.reader.read(revision, signal);
  } catch (error) {
    return refuse(parts, record, fetchFailure(error, revision.id));
  }
  const read = await checkRuns(parts.ledger, parts.readers(files));
  const set = changeSet({ read, files, record, entry, revision, now: parts.clock.now() });
  if (set.kind === 'refused') return refuse(parts, record, set.verdict);
  return apply(parts, attempt, set);
}

async function apply(
  parts: ReconcileParts,
  attempt: Attempt,
  set: Extract<ChangeSet, { kind: 'apply' }>,
): Promise<'done' | 'failed'> {
  const { ledger, clock, log } = parts;
  const { record, revision } = attempt;
  const source = withVerdict(record, set.verdict, clock.now());
  let applied: AppliedRevision;
  try {
    applied = await ledger.applyRevision({ ...set.change, source });
  } catch (error) {
    const verdict = conflictVerdict(error, revision);
    if (verdict === null) throw error;
    return refuse(parts, record, verdict);
  }
  const { message, changed } = describeApplied(applied);
  tellErrors(log, source);
  log.info('source.applied', { source: source.name, revision: revision.display, ...changed });
  if (message !== '') {
    const details = { revision: revision.display, ...changed };
    await ledger.recordEvents([
      {
        namespace: '',
        kind: 'Source',
        name: source.name,
        type: 'normal',
        reason: 'Applied',
        message,
        details,
        at: clock.now(),
      },
    ]);
  }
  if (applied.runIds.length > 0) parts.loop.look(applied.runIds, false);
  return 'done';
}

/** An object that another source owns: a person must decide, so it is not tried again by itself. */
function conflictVerdict(error: unknown, revision: Revision): Verdict | null {
  if (!(error instanceof Error) || error.name !== 'OwnershipConflict') return null;
  const { message } = error;
  return {
    kind: 'stalled',
    revision: revision.id,
    reason: 'OwnershipConflict',
    message,
    problems: [],
  };
}

/** Records why nothing was applied; what was applied before goes on working. */
async function refuse(
  parts: ReconcileParts,
  record: SourceRecord,
  verdict: Verdict,
): Promise<'done' | 'failed'> {
  const { ledger, clock, log } = parts;
  const { reason, message } = verdict;
  tellErrors(log, { name: record.name, problems: verdict.problems });
  await ledger.saveSource(withVerdict(record, verdict, clock.now()));
  await ledger.recordEvents([
    {
      namespace: '',
      kind: 'Source',
      name: record.name,
      type: 'warning',
      reason,
      message,
      details: {},
      at: clock.now(),
    },
  ]);
  log.warn('source.refused', { source: record.name, reason, message });
  return verdict.kind === 'fetchFailed' ? 'failed' : 'done';
}

/** More than this many mistakes of one revision are read in the source's status, not in the log. */
const TOLD_MAX = 20;

/** Whoever has just saved a file looks at the terminal first. */
function tellErrors(log: Log, { name, problems }: Pick<SourceRecord, 'name' | 'problems'>): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  for (const { file, line, column, code, message } of errors.slice(0, TOLD_MAX)) {
    log.warn('source.problem', { source: name, at: `${file}:${line}:${column}`, code, message });
  }
}

function newRecord({ name, reader }: SourceEntry): SourceRecord {
  return {
    name,
    kind: reader.kind,
    location: reader.location,
    ref: reader.ref,
    suspended: false,
    lastAttemptedRevision: '',
    lastAppliedRevision: '',
    conditions: [],
    problems: [],
    inventory: [],
    requestedToken: '',
    handledToken: '',
    updatedAt: 0,
  };
}
