import type { Json, JsonObject } from './json.ts';

/** What an expression sees of a step, as `<id>` and `steps.<id>`. */
export interface StepView {
  readonly status: string;
  /** Null until completed, and for a skipped or failed step. */
  readonly output: Json;
  readonly error: Json;
}

/** The values that one evaluation reads. */
export interface Scope {
  readonly input: Json;
  readonly run: JsonObject;
  readonly workflow: JsonObject;
  step(id: string): StepView;
  /** Present only inside a `forEach` step. */
  readonly item?: Json;
  readonly index?: number;
  /** Present only in the runner. */
  readonly secrets?: { readonly [name: string]: string };
}

/** The names that an expression may use where it stands; checked at compile time. */
export interface Names {
  /** Steps that are certain to be upstream. */
  readonly steps: ReadonlySet<string>;
  /** All steps of the workflow: tells "not upstream" from "no such step". */
  readonly allSteps: ReadonlySet<string>;
  /** Inside a `forEach` step: `item` and `index` are in scope. */
  readonly item: boolean;
  /** Whether `secrets.x` may be read (only in a step's config). */
  readonly secrets: boolean;
  /** Whether `run.error` etc. exist is not checked; `run`, `workflow`, `input` always are in scope. */
}
