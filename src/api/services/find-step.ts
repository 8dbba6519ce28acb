import type { VersionRecord } from '../../record/workflow.ts';
import { invalidField } from '../fault.ts';

/** Steps that an error lists at most. */
const TOLD = 50;

/**
 * The index of the step that a request names by its id, or by its index where no step has that id.
 * INVALID_ARGUMENT for `field` when there is none.
 */
export function findStepIndex(
  { graph: { steps } }: Pick<VersionRecord, 'graph'>,
  { field, text }: { readonly field: string; readonly text: string },
): number {
  const byId = steps.findIndex(({ id }) => id === text);
  if (byId !== -1) return byId;
  const index = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (index >= 0 && index < steps.length) return index;
  const known = steps.slice(0, TOLD).map(({ id }) => id);
  const more = steps.length > TOLD ? ` and ${steps.length - TOLD} more` : '';
  const told = `the steps are ${known.join(', ')}${more}`;
  throw invalidField(field, `no step ${JSON.stringify(text)}; ${told}`);
}
