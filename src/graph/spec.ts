import type { Json, JsonObject } from '../expr/json.ts';

/**
 * `spec` of a canonical Workflow manifest, schema-valid but not yet checked for meaning. Every
 * dialect ends here. Durations are text as written (`30s`, `2h`), templates are strings.
 */
export interface WorkflowSpec {
  readonly title?: string;
  readonly description?: string;
  readonly input?: JsonObject;
  readonly triggers?: readonly {
    readonly name: string;
    readonly apply: JsonObject;
    readonly input?: Json;
  }[];
  readonly timeout?: string;
  readonly resume?: ResumeSpec;
  /** Exactly one of `phases` and `steps`. */
  readonly phases?: readonly PhaseSpec[];
  readonly steps?: readonly StepSpec[];
  readonly onFailure?: readonly StepSpec[];
  readonly finally?: readonly StepSpec[];
  readonly output?: Json;
}

export interface ResumeSpec {
  /** Default 5m. */
  readonly every?: string;
  /** Default 5. */
  readonly maxAttempts?: number;
  readonly when?: readonly (
    { readonly http: string } | { readonly secret: string } | { readonly expr: string }
  )[];
}

export interface PhaseSpec {
  readonly name: string;
  readonly title?: string;
  /** Names of phases; default is the phase before. */
  readonly needs?: readonly string[];
  readonly steps: readonly StepSpec[];
}

export interface StepSpec {
  readonly id: string;
  readonly name?: string;
  readonly type: string;
  readonly config?: JsonObject;
  readonly needs?: readonly string[];
  readonly join?: 'all' | 'any';
  readonly when?: string;
  readonly forEach?: Json;
  readonly maxParallel?: number;
  readonly retry?: RetrySpec;
  readonly timeout?: string;
  readonly onError?: 'fail' | 'continue';
  readonly queue?: string;
}

export interface RetrySpec {
  /** Default 3. */
  readonly maxAttempts?: number;
  /** Default 1s. */
  readonly initialDelay?: string;
  /** Default 1m. */
  readonly maxDelay?: string;
  /** Default 2. */
  readonly factor?: number;
  /** Default 0.2. */
  readonly jitter?: number;
}
