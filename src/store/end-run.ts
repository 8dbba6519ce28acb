import type { RunChange } from '../controller/ports.ts';
import type { AttemptFact, Fact } from '../engine/fact.ts';
import type { Sql } from './connect.ts';
import { valuesOfFact } from './fact-row.ts';
import { jsonText } from './plain-text.ts';
import { statusCode } from './run-status.ts';

/** An attempt, and with it the run's end: the last step of a run that is alone. */
export type LastStep = RunChange & { readonly attempt: AttemptFact; readonly end: Fact };

export function asLastStep(runs: readonly RunChange[]): LastStep | null {
  const [run, ...otherRuns] = runs;
  if (run === undefined || otherRuns.length > 0) return null;
  const [attempt, end, ...otherFacts] = run.facts;
  if (attempt?.kind !== 'attempt' || end?.kind !== 'finished') return null;
  const isAll = otherFacts.length === 0 && run.input === undefined;
  return isAll && run.finishedAt !== null ? { ...run, attempt, end } : null;
}

/** `commitMoves` for a last step, for the reasons of `moveRun`: 0.46 ms instead of 0.63. */
export async function endRun(sql: Sql, run: LastStep): Promise<ReadonlySet<string>> {
  const a = valuesOfFact(run.attempt);
  const e = valuesOfFact(run.end);
  const rows = await sql<{ run_id: string }[]>`
    with committed as (
      update run
      set
        seq = seq + 2,
        status = ${statusCode(run.status)}::int2,
        started_at = ${run.startedAt}::int8,
        finished_at = ${run.finishedAt}::int8,
        wake_at = ${run.wakeAt}::int8,
        output = ${jsonText(run.output)}::text::json,
        error = ${jsonText(run.error)}::text::json
      where id = ${run.id}::uuid and seq = ${run.expectedSeq}::int4
      returning id, seq
    )
    insert into fact (
      run_id, seq, kind, at, step, item, attempt, status, branch, runner, started_at, finished_at,
      output, error, body
    )
    select
      id, seq - 1, ${a.kind}::int2, ${a.at}::int8, ${a.step}::int4, ${a.item}::int4,
      ${a.attempt}::int4, ${a.status}::int2, ${a.branch}::text, ${a.runner}::text,
      ${a.started_at}::int8, ${a.finished_at}::int8, ${a.output}::text::json,
      ${a.error}::text::json, null
    from committed
    union all
    select
      id, seq, ${e.kind}::int2, ${e.at}::int8, null, null, null, null, null, null, null, null, null,
      null, ${e.body}::text::json
    from committed
    returning run_id`;
  return new Set(rows.map((row) => row.run_id));
}
