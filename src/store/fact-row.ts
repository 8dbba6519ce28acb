import type { Fact, RecordableFact } from '../engine/fact.ts';
import type { Json } from '../expr/json.ts';
import type { RecordedFact } from '../record/run.ts';
import { UNREAD } from '../record/unread.ts';
import type { StepError } from '../task/error.ts';
import type { Outcome } from '../task/task.ts';
import { jsonText, plainText } from './plain-text.ts';

const KINDS: { readonly [kind in RecordableFact['kind']]: number } = {
  started: 1,
  attempt: 2,
  expanded: 3,
  skipped: 4,
  cancelRequested: 5,
  reopened: 6,
  deferred: 7,
  expired: 8,
  finished: 9,
};
const KIND_NAMES = new Map(Object.entries(KINDS).map(([kind, code]) => [code, kind]));

const OUTCOMES: { readonly [kind in Outcome['kind']]: number } = {
  completed: 1,
  failed: 2,
  cancelled: 3,
};

/** A row of `fact` as the statements select it. */
export interface FactRow {
  readonly run_id: string;
  readonly seq: number;
  readonly kind: number;
  readonly at: number;
  readonly step: number | null;
  readonly item: number | null;
  readonly attempt: number | null;
  readonly status: number | null;
  readonly branch: string | null;
  readonly runner: string | null;
  readonly started_at: number | null;
  readonly finished_at: number | null;
  readonly output: Json;
  readonly error: StepError | null;
  readonly body: { readonly [key: string]: Json } | null;
}

/** A row whose output may have been left where it is. */
export interface PagedFactRow extends FactRow {
  readonly is_unread: boolean;
}

/** A row with its JSON as text, ready to be sent. */
export type FactValues = Omit<FactRow, 'run_id' | 'seq' | 'output' | 'error' | 'body'> & {
  readonly output: string | null;
  readonly error: string | null;
  readonly body: string | null;
};

const EMPTY = {
  step: null,
  item: null,
  attempt: null,
  status: null,
  branch: null,
  runner: null,
  started_at: null,
  finished_at: null,
  output: null,
  error: null,
  body: null,
};

/** Throws on a volatile fact: those are never recorded. */
export function valuesOfFact(fact: Fact): FactValues {
  if (fact.kind === 'attempt') {
    const { outcome } = fact;
    return {
      kind: KINDS.attempt,
      at: fact.at,
      step: fact.step,
      item: fact.item,
      attempt: fact.attempt,
      status: OUTCOMES[outcome.kind],
      branch: fact.branch === null ? null : plainText(fact.branch),
      runner: plainText(fact.runner),
      started_at: fact.startedAt,
      finished_at: fact.finishedAt,
      output: outcome.kind === 'completed' ? jsonText(outcome.output) : null,
      error: outcome.kind === 'failed' ? JSON.stringify(outcome.error) : null,
      body: null,
    };
  }
  if (fact.kind === 'dispatched' || fact.kind === 'cancelSent') {
    throw new TypeError(`a ${fact.kind} fact is volatile and cannot be recorded`);
  }
  const { kind, at, ...body } = fact;
  return { ...EMPTY, kind: KINDS[kind], at, body: JSON.stringify(body) };
}

export function factOfRow(row: FactRow): RecordedFact {
  if (row.kind === KINDS.attempt) return { seq: row.seq, fact: attemptOfRow(row) };
  const kind = KIND_NAMES.get(row.kind);
  if (kind === undefined) {
    throw new RangeError(`fact ${row.run_id}/${row.seq} has kind ${row.kind}, which is none`);
  }
  return { seq: row.seq, fact: { kind, at: row.at, ...row.body } as unknown as Fact };
}

export function factOfPagedRow(row: PagedFactRow): RecordedFact {
  return factOfRow(row.is_unread ? { ...row, output: UNREAD } : row);
}

function attemptOfRow(row: FactRow): Fact {
  return {
    kind: 'attempt',
    at: row.at,
    step: row.step ?? 0,
    item: row.item ?? 0,
    attempt: row.attempt ?? 0,
    outcome: outcomeOfRow(row),
    branch: row.branch,
    startedAt: row.started_at ?? row.at,
    finishedAt: row.finished_at ?? row.at,
    runner: row.runner ?? '',
  };
}

function outcomeOfRow(row: FactRow): Outcome {
  if (row.status === OUTCOMES.completed) return { kind: 'completed', output: row.output };
  if (row.status === OUTCOMES.failed && row.error !== null)
    return { kind: 'failed', error: row.error };
  if (row.status === OUTCOMES.cancelled) return { kind: 'cancelled' };
  throw new RangeError(
    `attempt ${row.run_id}/${row.seq} has outcome ${String(row.status)}, which is none`,
  );
}
