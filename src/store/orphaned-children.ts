import type { ChildEnd } from '../controller/ports.ts';
import type { Sql } from './connect.ts';
import { runOfRow, type RunRow } from './run-row.ts';

/**
 * Finished children whose parent has not recorded their end. Each child is looked at until its
 * parent knows, then marked and never again, so that the sweep costs what is new.
 */
export async function orphanedChildren(sql: Sql, limit: number): Promise<ChildEnd[]> {
  await markTold(sql);
  const rows = await sql<RunRow[]>`
    select
      id, seq, status, wake_at, started_at, finished_at, created_at, version_number, parent_step,
      parent_item, parent_attempt, version_id, parent_run_id, namespace, workflow, created_by,
      cause_kind, cause_name, labels, input, output, error
    from run
    where parent_run_id is not null and not parent_told and status >= 10
    limit ${limit}::int4`;
  return rows.map((row) => ({ child: runOfRow(row) }));
}

/** A parent that is finished, or gone, needs no telling either. */
async function markTold(sql: Sql): Promise<void> {
  await sql`
    update run child
    set parent_told = true
    where
      child.parent_run_id is not null and not child.parent_told and child.status >= 10
      and (
        not exists (
          select from run parent where parent.id = child.parent_run_id and parent.status < 10
        )
        or exists (
          select
          from fact f
          where
            f.run_id = child.parent_run_id and f.kind = 2 and f.step = child.parent_step
            and f.item = child.parent_item and f.attempt = child.parent_attempt
        )
      )`;
}
