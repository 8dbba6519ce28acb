import type { ReadResult } from '../manifest/read.ts';
import type { SourceRecord } from '../record/source.ts';
import { checkRuns } from './check-runs.ts';
import { changeSet, type ChangeSet } from './change-set.ts';
import { isOwnershipConflict, withConflicts } from './ownership.ts';
import type { AppliedRevision, Clock, Ledger, Log, Revision, SourceEntry } from './ports.ts';
import { fetchFailure, isSettled, newRecord, tellApplied, tellRefused } from './source-news.ts';
import { inSlices } from './in-slices.ts';
import { isSameStatus, type Refusal, withVerdict } from './source-status.ts';

/** Text to resources and problems, keeping what did not change: the manifest room's reader. */
export interface FileReader {
  /** Yields between files. */
  read(files: ReadonlyMap<string, Uint8Array>): Iterator<void, ReadResult, void>;
}

export interface ReconcileParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
  readonly loop: { wake(runIds: readonly string[], hasRequests: boolean): void };
}

/** One source, with what this process keeps of it between looks. */
export interface WatchedSource {
  readonly entry: SourceEntry;
  readonly files: FileReader;
  /** How much this look sees; all of it when nothing is said. */
  readonly extent?: 'all' | 'told';
}

/** How a look ended. Only `fetch_failed` is tried again before the usual interval. */
export type LookOutcome = 'applied' | 'unchanged' | 'invalid' | 'stalled' | 'fetch_failed';

/**
 * Makes the ledger what the source declares: resolve the revision, read, validate, compile, diff,
 * apply in one transaction, record the status. Level-triggered: it starts from the manifests and
 * the records alone.
 */
export async function reconcile(
  parts: ReconcileParts,
  source: WatchedSource,
  signal: AbortSignal,
): Promise<LookOutcome> {
  const { reader } = source.entry;
  const stored =
    (await parts.ledger.loadSource(source.entry.name)) ?? (await announce(parts, source));
  if (stored.suspended) return 'unchanged';
  const { kind, location, ref } = reader;
  const record = { ...stored, kind, location, ref };
  let revision: Revision;
  try {
    revision = await reader.resolve(signal, source.extent);
  } catch (error) {
    signal.throwIfAborted();
    return refuse(parts, record, fetchFailure(error, record.lastAttemptedRevision));
  }
  if (isSettled(record, revision)) return 'unchanged';
  return attempt(parts, { source, record, revision, signal });
}

/** So that a source is seen from its first moment, however long its first look takes. */
async function announce({ ledger, clock }: ReconcileParts, source: WatchedSource) {
  const record = newRecord(source.entry, clock.now());
  await ledger.saveSource(record);
  return record;
}

interface Attempt {
  readonly source: WatchedSource;
  readonly record: SourceRecord;
  readonly revision: Revision;
  readonly signal: AbortSignal;
}

async function attempt(parts: ReconcileParts, attempt: Attempt): Promise<LookOutcome> {
  const { source, revision, record, signal } = attempt;
  let files: ReadonlyMap<string, Uint8Array>;
  try {
    files = await source.entry.reader.read(revision, signal);
  } catch (error) {
    signal.throwIfAborted();
    return refuse(parts, record, fetchFailure(error, revision.id));
  }
  const declared = await inSlices(source.files.read(files), signal);
  let read = await checkRuns(parts.ledger, declared);
  for (;;) {
    const { entry } = source;
    const set = changeSet({ read, files, record, entry, revision, now: parts.clock.now() });
    if (set.kind === 'refused') return refuse(parts, record, set.verdict);
    try {
      return await apply(parts, attempt, set);
    } catch (error) {
      if (!isOwnershipConflict(error)) throw error;
      // Again without the files of what others own, or as a revision that cannot be applied.
      read = withConflicts(read, error);
    }
  }
}

async function apply(
  parts: ReconcileParts,
  { record, revision }: Attempt,
  { change, verdict }: Extract<ChangeSet, { kind: 'apply' }>,
): Promise<LookOutcome> {
  const { ledger, clock } = parts;
  const isEmpty = [change.workflows, change.runs, change.pruned].every(
    ({ length }) => length === 0,
  );
  const source = withVerdict(record, verdict, clock.now());
  if (isEmpty && isSameStatus(record, source)) return 'unchanged';
  const applied: AppliedRevision = await ledger.applyRevision({ ...change, source });
  await tellApplied(parts, { record, source, revision, applied });
  if (applied.runIds.length > 0) parts.loop.wake(applied.runIds, true);
  return 'applied';
}

/** Records why nothing was applied; what was applied before goes on working. */
async function refuse(
  parts: ReconcileParts,
  record: SourceRecord,
  verdict: Refusal,
): Promise<LookOutcome> {
  const next = withVerdict(record, verdict, parts.clock.now());
  const isFetch = verdict.kind === 'fetchFailed';
  if (isFetch || !isSameStatus(record, next)) {
    await parts.ledger.saveSource(next);
    await tellRefused(parts, record.name, verdict);
  }
  return isFetch ? 'fetch_failed' : verdict.kind;
}
