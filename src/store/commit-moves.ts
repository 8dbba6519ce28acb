import type { RunChange } from '../controller/ports.ts';
import type { Sql } from './connect.ts';
import { asLastStep, endRun } from './end-run.ts';
import { factColumns } from './fact-columns.ts';
import { asStep, moveRun } from './move-run.ts';
import { movedColumns } from './moved-columns.ts';

/**
 * `commitRuns` for a batch that only moves runs on: no children, nothing answered or asked, which
 * is what nearly every batch is. Postgres prepares each writing part of a statement anew for every
 * execution, also where it then has no rows. A run that is alone has shorter statements still.
 */
export async function commitMoves(
  sql: Sql,
  runs: readonly RunChange[],
): Promise<ReadonlySet<string>> {
  const step = asStep(runs);
  if (step !== null) return moveRun(sql, step);
  const lastStep = asLastStep(runs);
  if (lastStep !== null) return endRun(sql, lastStep);
  const c = movedColumns(runs);
  const f = factColumns(runs);
  const rows = await sql<{ id: string }[]>`
    with committed as (
      update run
      set
        seq = c.seq,
        status = c.status,
        started_at = c.started_at,
        finished_at = c.finished_at,
        wake_at = c.wake_at,
        output = c.output::json,
        error = c.error::json,
        input = coalesce(c.input::json, run.input)
      from unnest(
        ${c.id}::uuid[], ${c.place}::int4[], ${c.expectedSeq}::int4[], ${c.seq}::int4[],
        ${c.status}::int2[], ${c.startedAt}::int8[], ${c.finishedAt}::int8[], ${c.wakeAt}::int8[],
        ${c.output}::text[], ${c.error}::text[], ${c.input}::text[]
      ) as c (
        id, place, expected_seq, seq, status, started_at, finished_at, wake_at, output, error, input
      )
      where run.id = c.id and run.seq = c.expected_seq
      returning run.id, c.place
    ),
    recorded as (
      insert into fact (
        run_id, seq, kind, at, step, item, attempt, status, branch, runner, started_at, finished_at,
        output, error, body
      )
      select
        f.run_id, f.seq, f.kind, f.at, f.step, f.item, f.attempt, f.status, f.branch, f.runner,
        f.started_at, f.finished_at, f.output::json, f.error::json, f.body::json
      from unnest(
        ${f.runId}::uuid[], ${f.place}::int4[], ${f.seq}::int4[], ${f.kind}::int2[],
        ${f.at}::int8[], ${f.step}::int4[], ${f.item}::int4[], ${f.attempt}::int4[],
        ${f.status}::int2[], ${f.branch}::text[], ${f.runner}::text[], ${f.startedAt}::int8[],
        ${f.finishedAt}::int8[], ${f.output}::text[], ${f.error}::text[], ${f.body}::text[]
      ) as f (
        run_id, place, seq, kind, at, step, item, attempt, status, branch, runner, started_at,
        finished_at, output, error, body
      )
      -- "is true" keeps this a hashed subplan: one probe per row whatever the batch's size.
      where (f.place in (select place from committed)) is true
    )
    select id from committed`;
  return new Set(rows.map((row) => row.id));
}
