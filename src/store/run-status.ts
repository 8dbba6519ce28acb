import type { RunStatus } from '../record/run.ts';

/** As the column `run.status` has it. Below 10 is unfinished, which partial indexes rely on. */
const CODES: { readonly [status in RunStatus]: number } = {
  pending: 0,
  running: 1,
  waiting: 2,
  pending_retry: 3,
  paused: 4,
  completed: 10,
  failed: 11,
  cancelled: 12,
};

const STATUSES = new Map(
  Object.entries(CODES).map(([status, code]) => [code, status as RunStatus]),
);

export function statusCode(status: RunStatus): number {
  return CODES[status];
}

export const ALL_STATUS_CODES: readonly number[] = Object.values(CODES);

/** Throws on a code that only a newer program writes. */
export function statusOf(code: number): RunStatus {
  const status = STATUSES.get(code);
  if (status === undefined) throw new RangeError(`run.status holds ${code}, which is no status`);
  return status;
}
