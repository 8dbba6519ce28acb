import type { RunView, StepRunView } from '../../engine/view.ts';
import type { Json } from '../../expr/json.ts';
import type { RunRecord } from '../../record/run.ts';
import { MAX_DATA_BYTES, showFitting, textBytes, type Shown } from '../answer-size.ts';

/** A run's data as far as one answer has room for it. */
export interface ShownRun {
  readonly input: Shown;
  readonly output: Shown;
  readonly steps: readonly ShownStep[];
}

export interface ShownStep {
  readonly step: StepRunView;
  readonly output: Shown;
  readonly isErrorCut: boolean;
}

/** Numbers, times and states of a step, and of an error that is cut. */
const STEP_BYTES = 160;
const CUT_ERROR_BYTES = 200;

const nothing: Shown = { json: null, isOmitted: false };

/** `copies` says how often the answer tells each step. */
export function shareRoom(
  { input, output }: RunRecord,
  { steps }: RunView,
  { copies = 1 }: { readonly copies?: number } = {},
): ShownRun {
  const around = steps.reduce((sum, step) => sum + bytesAround(step), 0);
  const room = MAX_DATA_BYTES / copies - around;
  const outputs = steps.map((step) => step.output);
  // Errors are JSON too; only their type says more.
  const errors = steps.map(({ error }) => error as unknown as Json);
  const shown = showFitting([input, output, ...outputs, ...errors], room);
  const [shownInput = nothing, shownOutput = nothing] = shown;
  const shownSteps = steps.map((step, index) => ({
    step,
    output: shown[2 + index] ?? nothing,
    isErrorCut: shown[2 + steps.length + index]?.isOmitted ?? false,
  }));
  return { input: shownInput, output: shownOutput, steps: shownSteps };
}

/** What a step takes besides its output and its error. */
function bytesAround({ id, name, type, phase, error }: StepRunView): number {
  const texts = textBytes(id) + textBytes(name) + textBytes(type) + textBytes(phase);
  return STEP_BYTES + texts + (error === null ? 0 : CUT_ERROR_BYTES);
}
