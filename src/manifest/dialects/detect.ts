import type { JsonObject } from '../../expr/json.ts';
import type { Dialect } from './dialect.ts';
import { graph } from './graph.ts';
import { jobTemplate, jobTemplates } from './job-template.ts';
import { stepList } from './step-list.ts';
import { taskSpec } from './task-spec.ts';

export const DIALECTS: readonly Dialect[] = [graph, stepList, jobTemplate, taskSpec, jobTemplates];

export type Shape =
  | { readonly kind: 'canonical' }
  | { readonly kind: 'dialect'; readonly dialect: Dialect }
  | { readonly kind: 'unknown' };

/** Which of the known shapes a document has, by its keys. */
export function detectShape(document: JsonObject): Shape {
  if (
    'apiVersion' in document ||
    ('kind' in document && ('spec' in document || 'metadata' in document))
  ) {
    return { kind: 'canonical' };
  }
  const dialect = DIALECTS.find((each) => each.matches(document));
  return dialect === undefined ? { kind: 'unknown' } : { kind: 'dialect', dialect };
}
