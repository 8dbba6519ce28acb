import type { Json } from '../expr/json.ts';
import { completeInput } from '../manifest/complete-input.ts';
import type { VersionRecord } from '../record/workflow.ts';
import { invalidFields } from './fault.ts';

/**
 * The input with the defaults of the workflow's input schema filled in. INVALID_ARGUMENT with a
 * JSON pointer to each value that breaks the schema.
 */
export function checkInput(version: VersionRecord, input: Json): Json {
  const complete = completeInput(version.graph.input, input);
  if (complete.problems.length === 0) return complete.input;
  throw invalidFields(
    complete.problems.map(({ pointer, message }) => ({
      field: `input${pointer}`,
      description: message,
    })),
  );
}
