import { connect } from '../src/store/connect.ts';
import type { CountCompleted } from './noop.ts';

/** Counts on a connection of its own, which sees nothing but what is committed. */
export function countOn(url: string): CountCompleted {
  const sql = connect(url, { name: 'bench verify', max: 2 });
  return async (runId, beforeStep) => {
    const [row] = await sql<{ count: number }[]>`
      select count(*)::int4 as count
      from fact
      where run_id = ${runId}::uuid and kind = 2 and status = 1 and step < ${beforeStep}::int4`;
    return row?.count ?? 0;
  };
}
