import type { RunChange } from '../controller/ports.ts';
import { newRunColumns } from './new-run-columns.ts';

/** The children that a batch starts; `place` is the parent's index in the batch. */
export function childColumns(runs: readonly RunChange[]) {
  return {
    place: runs.flatMap((run, place) => run.children.map(() => place)),
    ...newRunColumns(runs.flatMap((run) => run.children)),
  };
}
