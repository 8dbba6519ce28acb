import type { Program } from '../graph/program.ts';
import { NO_ITEM } from '../task/task.ts';
import type { AttemptRef } from './decision.ts';
import type { RunState } from './state.ts';

/** Attempts that the state believes to be with a runner; child runs are not among them. */
export function outstanding(program: Program, state: RunState): AttemptRef[] {
  const refs: AttemptRef[] = [];
  for (const { index, definition } of program.steps) {
    if (definition.type === 'workflow') continue;
    const step = state.steps[index];
    if (step === undefined || step.status !== 'open') continue;
    if (step.track.status === 'dispatched') {
      refs.push({ step: index, item: NO_ITEM, attempt: step.track.attempt + 1 });
    }
    step.fan?.items.forEach((item, position) => {
      if (item?.status !== 'dispatched') return;
      refs.push({ step: index, item: position, attempt: item.attempt + 1 });
    });
  }
  return refs;
}
