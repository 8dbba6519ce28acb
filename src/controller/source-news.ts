import type { FileProblem, SourceRecord } from '../record/source.ts';
import type {
  AppliedRevision,
  Clock,
  Ledger,
  Log,
  NewEvent,
  Revision,
  SourceEntry,
} from './ports.ts';
import { describeApplied, type Refusal, reasons } from './source-status.ts';

interface NewsParts {
  readonly ledger: Ledger;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Whether there is nothing to do. What is not Ready is attempted at every look: what hindered it
 * may have been another source's, or this program's, to change.
 */
export function isSettled(record: SourceRecord, revision: Revision): boolean {
  return (
    revision.id === record.lastAppliedRevision &&
    record.requestedToken === record.handledToken &&
    record.conditions.some(({ type, status }) => type === 'Ready' && status === 'True')
  );
}

/** Errors of the source room say themselves whether a person has to act. */
export function fetchFailure(error: unknown, revision: string): Refusal {
  const message = error instanceof Error ? error.message : String(error);
  const isStalled = error instanceof Error && 'isStalled' in error && error.isStalled === true;
  const kind = isStalled ? 'stalled' : 'fetchFailed';
  return { kind, revision, reason: reasons.fetchFailed, message, problems: [] };
}

/** An event and a line, only of what changed. */
export async function tellApplied(
  { ledger, log, clock }: NewsParts,
  news: {
    readonly record: SourceRecord;
    readonly source: SourceRecord;
    readonly revision: Revision;
    readonly applied: AppliedRevision;
  },
): Promise<void> {
  const { record, source, revision, applied } = news;
  await tellLeftOut({ ledger, log, clock }, record, source);
  const { message, changed } = describeApplied(applied);
  if (message === '') return;
  log.info('source.applied', { source: source.name, revision: revision.display, ...changed });
  const isOld = record.lastAppliedRevision === revision.id && changed.configured > 0;
  const reason = isOld ? reasons.driftCorrected : reasons.applied;
  const details = { revision: revision.display, ...changed };
  const at = clock.now();
  await ledger.recordEvents([
    eventOf(source.name, { type: 'normal', reason, message, details, at }),
  ]);
}

/** More than this many mistakes of one revision are read in the source's status, not in the log. */
const TOLD_MAX = 20;

/** Whoever has just saved a file looks at the terminal first. */
function tellErrors(log: Log, name: string, problems: readonly FileProblem[]): void {
  const errors = problems.filter(({ severity }) => severity === 'error');
  for (const { file, line, column, code, message } of errors.slice(0, TOLD_MAX)) {
    log.warn('source.problem', { source: name, at: `${file}:${line}:${column}`, code, message });
  }
}

/** The files that a directory source leaves out: told when they are others than last time. */
async function tellLeftOut(
  { ledger, log, clock }: NewsParts,
  before: SourceRecord,
  source: SourceRecord,
): Promise<void> {
  const ready = source.conditions.find(({ type }) => type === 'Ready');
  const isSame = JSON.stringify(before.problems) === JSON.stringify(source.problems);
  if (isSame || ready?.status !== 'False') return;
  tellErrors(log, source.name, source.problems);
  const { reason, message } = ready;
  const news = { type: 'warning', reason, message, details: {}, at: clock.now() } as const;
  await ledger.recordEvents([eventOf(source.name, news)]);
}

/** The same refusal again counts its event up. */
export async function tellRefused(
  { ledger, log, clock }: NewsParts,
  name: string,
  { reason, message, problems }: Refusal,
): Promise<void> {
  tellErrors(log, name, problems);
  const news = { type: 'warning', reason, message, details: {}, at: clock.now() } as const;
  await ledger.recordEvents([eventOf(name, news)]);
  log.warn('source.refused', { source: name, reason, message });
}

function eventOf(
  name: string,
  news: Pick<NewEvent, 'type' | 'reason' | 'message' | 'details' | 'at'>,
): NewEvent {
  return { namespace: '', kind: 'Source', name, ...news };
}

export function newRecord({ name, reader }: SourceEntry, now: number): SourceRecord {
  const message = `Reading ${reader.location} for the first time`;
  const why = { reason: reasons.progressing, message, lastTransitionAt: now };
  return {
    name,
    kind: reader.kind,
    location: reader.location,
    ref: reader.ref,
    suspended: false,
    lastAttemptedRevision: '',
    lastAppliedRevision: '',
    conditions: [
      { type: 'Ready', status: 'Unknown', ...why },
      { type: 'Reconciling', status: 'True', ...why },
    ],
    problems: [],
    inventory: [],
    requestedToken: '',
    handledToken: '',
    comparedToken: '',
    updatedAt: now,
  };
}
