import type { Json, JsonObject } from '../../expr/json.ts';
import type { Path, Problem } from '../../graph/problem.ts';
import type { Origins } from './origins.ts';

/** One documented shape of a workflow: a pure function to canonical manifests. */
export interface Dialect {
  readonly name: string;
  /** How it looks, for the hint when no shape fits. */
  readonly shape: string;
  matches(document: JsonObject): boolean;
  /** JSON Schema of the document, without references. */
  readonly schema: JsonObject;
  /** Only called with documents that obey the schema. */
  convert(document: JsonObject, context: DialectContext): readonly Converted[];
}

/** A canonical manifest, and where its parts come from. */
export interface Converted {
  readonly manifest: JsonObject;
  readonly origins: Origins;
  /** Paths are those of the document as written. */
  readonly problems: readonly Problem[];
}

/** What a dialect may know besides the document. */
export interface DialectContext {
  /** The file's name, or its folder's: names a workflow that does not name itself. */
  readonly fallbackName: string;
  /** Text of a file in the workflow's folder; null when there is none. */
  readFile(path: string): string | null;
}

export function problem(
  path: Path,
  mistake: { readonly code: string; readonly message: string; readonly hint: string },
  severity: 'error' | 'warning' = 'error',
): Problem {
  return { severity, path, ...mistake };
}

export interface WorkflowParts {
  readonly name: string;
  readonly annotations?: { readonly [name: string]: string };
  readonly labels?: Json;
  readonly spec: { readonly [field: string]: Json | undefined };
}

/** A canonical Workflow manifest; undefined fields are left out. */
export function workflowManifest({
  name,
  annotations = {},
  labels,
  spec,
}: WorkflowParts): JsonObject {
  const entries = Object.entries(spec).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined,
  );
  return {
    apiVersion: 'behest.dev/v1',
    kind: 'Workflow',
    metadata: {
      name,
      ...(labels === undefined ? {} : { labels }),
      ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
    },
    spec: Object.fromEntries(entries),
  };
}

/** The object without fields that are undefined. */
export function given(fields: { readonly [field: string]: Json | undefined }): JsonObject {
  const entries = Object.entries(fields).filter(
    (entry): entry is [string, Json] => entry[1] !== undefined,
  );
  return Object.fromEntries(entries);
}
