import type { RunChange } from '../controller/ports.ts';
import type { Fact } from '../engine/fact.ts';
import type { Sql } from './connect.ts';
import { valuesOfFact } from './fact-row.ts';
import { statusCode } from './run-status.ts';

/** One fact, and the run goes on: what each step but the last is to a run that is alone. */
export type Step = Pick<RunChange, 'id' | 'expectedSeq' | 'status' | 'startedAt' | 'wakeAt'> & {
  readonly fact: Fact;
};

export function asStep(runs: readonly RunChange[]): Step | null {
  const [run, ...otherRuns] = runs;
  if (run === undefined || otherRuns.length > 0) return null;
  const [fact, ...otherFacts] = run.facts;
  if (fact === undefined || otherFacts.length > 0) return null;
  return run.finishedAt === null && run.input === undefined ? { ...run, fact } : null;
}

/**
 * `commitMoves` for a step. One value a column instead of arrays, no matching of lists, and only
 * the columns that change: 0.31 ms instead of 0.48, of which the flush to disk is 0.17.
 */
export async function moveRun(sql: Sql, run: Step): Promise<ReadonlySet<string>> {
  const f = valuesOfFact(run.fact);
  const rows = await sql<{ run_id: string }[]>`
    with committed as (
      update run
      set
        seq = seq + 1,
        status = ${statusCode(run.status)}::int2,
        started_at = ${run.startedAt}::int8,
        wake_at = ${run.wakeAt}::int8,
        -- A run that goes on has no end; one that was reopened loses it.
        finished_at = null,
        output = null,
        error = null
      where id = ${run.id}::uuid and seq = ${run.expectedSeq}::int4
      returning id, seq
    )
    insert into fact (
      run_id, seq, kind, at, step, item, attempt, status, branch, runner, started_at, finished_at,
      output, error, body
    )
    select
      id, seq, ${f.kind}::int2, ${f.at}::int8, ${f.step}::int4, ${f.item}::int4, ${f.attempt}::int4,
      ${f.status}::int2, ${f.branch}::text, ${f.runner}::text, ${f.started_at}::int8,
      ${f.finished_at}::int8, ${f.output}::text::json, ${f.error}::text::json, ${f.body}::text::json
    from committed
    returning run_id`;
  return new Set(rows.map((row) => row.run_id));
}
