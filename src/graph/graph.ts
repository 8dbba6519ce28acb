import type { Json, JsonObject } from '../expr/json.ts';

/**
 * The compiled form of one workflow version: the only form that the engine knows. Plain frozen
 * JSON: its canonical text is what is digested and stored. Defaults are filled in, so a reader
 * never needs to know them.
 */
export interface Graph {
  /** JSON Schema 2020-12 of the run's input; null accepts anything. */
  readonly input: JsonObject | null;
  /** At least one. Steps of `onFailure` and `finally` belong to no phase. */
  readonly phases: readonly Phase[];
  /** Main steps phase by phase in declared order, then `onFailure`, then `finally`. */
  readonly steps: readonly Step[];
  /** Template of the run's output; null makes the output of the last steps by id. */
  readonly output: Json;
  /** Time limit of the whole run from its start, in ms; null is none. */
  readonly timeoutMs: number | null;
  readonly resume: Resume;
  /** Referenced files: path relative to the workflow's folder → SHA-256, hex. */
  readonly files: { readonly [path: string]: string };
  /** Start one run for each new version (`triggers: [{apply: {}}]`), with this input. */
  readonly applyTrigger: { readonly name: string; readonly input: Json } | null;
}

export interface Phase {
  readonly name: string;
  readonly title: string;
  /** Phases (by index) that must have ended before a step here starts. */
  readonly needs: readonly number[];
}

export type Section = 'main' | 'onFailure' | 'finally';

export interface Step {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly section: Section;
  /** Index in `phases`; null outside the main section. */
  readonly phase: number | null;
  /** The node type's config with templates as written (files replaced by `{ $file: path }`). */
  readonly config: JsonObject;
  /** Keys of `config` whose text is taken as written: braces in it are no templates. */
  readonly verbatimKeys?: readonly string[];
  readonly needs: readonly Edge[];
  /** `all`: every need completed, one dead need skips. `any`: the first completed need is enough. */
  readonly join: 'all' | 'any';
  /** Condition text; null is always. */
  readonly when: string | null;
  /** Template of a list; null is no fan-out. */
  readonly forEach: Json;
  /** How many items run at once; null is no limit of the step's own. */
  readonly maxParallel: number | null;
  readonly retry: Retry;
  readonly timeoutMs: number;
  readonly onError: 'fail' | 'continue';
  readonly queue: string;
}

/** `from` is an index in `steps`. With `branch` the edge is live only if that branch was taken. */
export interface Edge {
  readonly from: number;
  /** `true`/`false` of a conditional, the case (or `default`) of a switch. */
  readonly branch: string | null;
}

export interface Retry {
  /** Attempts in all, the first included. */
  readonly maxAttempts: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly factor: number;
  /** 0.2 spreads each delay by ±20 %, by a hash of run, step and attempt. */
  readonly jitter: number;
}

/** What happens when a retryable error has spent its step's retries. */
export interface Resume {
  readonly everyMs: number;
  /** 0 fails the run at once. */
  readonly maxAttempts: number;
  /** All must hold. */
  readonly when: readonly ResumeCondition[];
}

export type ResumeCondition =
  /** Template of a URL that must answer 2xx or 3xx to a GET. */
  | { readonly http: string }
  /** Name of a secret that must exist. */
  | { readonly secret: string }
  /** Condition text over the run's scope. */
  | { readonly expr: string };
