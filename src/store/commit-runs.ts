import type { RunChange } from '../controller/ports.ts';
import { childColumns } from './child-columns.ts';
import { factColumns } from './fact-columns.ts';
import { commitMoves } from './commit-moves.ts';
import type { Sql } from './connect.ts';
import { movedColumns } from './moved-columns.ts';
import { plainText } from './plain-text.ts';

/**
 * Commits what a batch changes, in one statement: no BEGIN, one round trip, all or nothing for each
 * run. A run whose seq has moved on is left out with all that belongs to it. Returns the ids of the
 * runs that were committed. A run may appear once in a batch.
 */
// oxlint-disable-next-line max-lines-per-function -- one statement is one visible literal.
export async function commitRuns(
  sql: Sql,
  changes: readonly RunChange[],
): Promise<ReadonlySet<string>> {
  if (changes.length === 0) return new Set();
  const runs = inLockingOrder(changes);
  if (runs.every(isMoveOnly)) return commitMoves(sql, runs);
  const c = movedColumns(runs);
  const f = factColumns(runs);
  const k = childColumns(runs);
  const a = answeredColumns(runs);
  const q = askedColumns(runs);
  const rows = await sql<{ id: string }[]>`
    with change as (
      select *
      from unnest(
        ${c.id}::uuid[], ${c.place}::int4[], ${c.expectedSeq}::int4[], ${c.seq}::int4[],
        ${c.status}::int2[], ${c.startedAt}::int8[], ${c.finishedAt}::int8[], ${c.wakeAt}::int8[],
        ${c.output}::text[], ${c.error}::text[], ${c.input}::text[]
      ) as c (
        id, place, expected_seq, seq, status, started_at, finished_at, wake_at, output, error, input
      )
    ),
    committed as (
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
      from change c
      where run.id = c.id and run.seq = c.expected_seq
      returning run.id, c.place, run.namespace
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
    ),
    born as (
      insert into run (
        id, seq, status, created_at, version_id, version_number, namespace, workflow, created_by,
        cause_kind, cause_name, idempotency_key, labels, input, parent_run_id, parent_step,
        parent_item, parent_attempt
      )
      select
        k.id, 0, 0, k.created_at, k.version_id,
        (select v.number from version v where v.id = k.version_id), k.namespace, k.workflow,
        k.created_by, k.cause_kind, k.cause_name, k.idempotency_key, k.labels::jsonb, k.input::json,
        k.parent_run_id, k.parent_step, k.parent_item, k.parent_attempt
      from unnest(
        ${k.place}::int4[], ${k.id}::uuid[], ${k.createdAt}::int8[], ${k.versionId}::uuid[],
        ${k.namespace}::text[], ${k.workflow}::text[], ${k.createdBy}::text[],
        ${k.causeKind}::text[], ${k.causeName}::text[], ${k.idempotencyKey}::text[],
        ${k.labels}::text[], ${k.input}::text[], ${k.parentRunId}::uuid[], ${k.parentStep}::int4[],
        ${k.parentItem}::int4[], ${k.parentAttempt}::int4[]
      ) as k (
        place, id, created_at, version_id, namespace, workflow, created_by, cause_kind, cause_name,
        idempotency_key, labels, input, parent_run_id, parent_step, parent_item, parent_attempt
      )
      where (k.place in (select place from committed)) is true
      on conflict do nothing
    ),
    answered as (
      delete from request
      using unnest(${a.place}::int4[], ${a.id}::text[]) as a (place, id)
      where request.id = a.id and (a.place in (select place from committed)) is true
    ),
    asked as (
      insert into request (id, run_id, created_at, by, body)
      select q.id, run.id, q.created_at, q.by, q.body::json
      from unnest(
        ${q.place}::int4[], ${q.id}::text[], ${q.runId}::uuid[], ${q.createdAt}::int8[],
        ${q.by}::text[], ${q.body}::text[]
      ) as q (place, id, run_id, created_at, by, body)
      join run on run.id = q.run_id and run.status < 10
      where (q.place in (select place from committed)) is true
      on conflict (id) do nothing
    )
    select id from committed`;
  return new Set(rows.map((row) => row.id));
}

function isMoveOnly({ children, answered, asked }: RunChange): boolean {
  return children.length === 0 && answered.length === 0 && asked.length === 0;
}

/** Two batches that share runs lock them in the same order, so that neither waits in a circle. */
function inLockingOrder(changes: readonly RunChange[]): RunChange[] {
  const sorted = changes.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const [index, change] of sorted.entries()) {
    if (change.id === sorted[index + 1]?.id) {
      throw new RangeError(`run ${change.id} appears twice in one batch`);
    }
  }
  return sorted;
}

function answeredColumns(runs: readonly RunChange[]) {
  const answered = runs.flatMap((run, place) => run.answered.map((id) => ({ place, id })));
  return { place: answered.map((one) => one.place), id: answered.map((one) => one.id) };
}

function askedColumns(runs: readonly RunChange[]) {
  const asked = runs.flatMap((run, place) => run.asked.map((request) => ({ place, ...request })));
  return {
    place: asked.map((one) => one.place),
    id: asked.map((one) => plainText(one.id)),
    runId: asked.map((one) => one.runId),
    createdAt: asked.map((one) => one.createdAt),
    by: asked.map((one) => plainText(one.by)),
    body: asked.map((one) => JSON.stringify(one.body)),
  };
}
