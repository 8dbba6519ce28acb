import type { RunChange } from '../controller/ports.ts';
import { valuesOfFact } from './fact-row.ts';

/** The facts of a batch as one array per column; `place` is the run's index in the batch. */
export function factColumns(runs: readonly RunChange[]) {
  const facts = runs.flatMap((run, place) =>
    run.facts.map((fact, index) => ({
      runId: run.id,
      place,
      seq: run.expectedSeq + index + 1,
      values: valuesOfFact(fact),
    })),
  );
  return {
    runId: facts.map((fact) => fact.runId),
    place: facts.map((fact) => fact.place),
    seq: facts.map((fact) => fact.seq),
    kind: facts.map(({ values }) => values.kind),
    at: facts.map(({ values }) => values.at),
    step: facts.map(({ values }) => values.step),
    item: facts.map(({ values }) => values.item),
    attempt: facts.map(({ values }) => values.attempt),
    status: facts.map(({ values }) => values.status),
    branch: facts.map(({ values }) => values.branch),
    runner: facts.map(({ values }) => values.runner),
    startedAt: facts.map(({ values }) => values.started_at),
    finishedAt: facts.map(({ values }) => values.finished_at),
    output: facts.map(({ values }) => values.output),
    error: facts.map(({ values }) => values.error),
    body: facts.map(({ values }) => values.body),
  };
}
