import type { RunChange } from '../controller/ports.ts';
import { jsonText } from './plain-text.ts';
import { statusCode } from './run-status.ts';

/** The rows of a batch as one array per column; `place` is the run's index in the batch. */
export function movedColumns(runs: readonly RunChange[]) {
  // Only a finished run has an output and an error; a reopened one loses them.
  const ended = runs.map((run) => run.finishedAt !== null);
  return {
    id: runs.map((run) => run.id),
    place: runs.map((_, place) => place),
    expectedSeq: runs.map((run) => run.expectedSeq),
    seq: runs.map((run) => run.expectedSeq + run.facts.length),
    status: runs.map((run) => statusCode(run.status)),
    startedAt: runs.map((run) => run.startedAt),
    finishedAt: runs.map((run) => run.finishedAt),
    wakeAt: runs.map((run) => run.wakeAt),
    output: runs.map((run, place) => (ended[place] === true ? jsonText(run.output) : null)),
    error: runs.map((run, place) => (ended[place] === true ? jsonText(run.error) : null)),
    input: runs.map((run) => (run.input === undefined ? null : JSON.stringify(run.input))),
  };
}
