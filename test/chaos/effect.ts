/** One call that a step made, as the ledger outside of Behest saw it. */
export interface Effect {
  /** Unique and rising; the step's output, which the next step has to show. */
  readonly ticket: number;
  readonly idempotencyKey: string;
  readonly run: string;
  /** 1 for the first step of the run. */
  readonly step: number;
  /** The ticket that the step before had in its output; 0 in the first step. */
  readonly previous: number;
  /** Epoch ms. */
  readonly beganAt: number;
  /** Null as long as no answer was taken: the caller may have been killed. */
  answeredAt: number | null;
  /** What was answered: 200, or 503 to make the step try again. */
  readonly status: number;
}

/** How the ledger answers from now on. */
export interface Mood {
  /** Middle of the time that an answer takes, ms. */
  readonly latencyMs: number;
  /** Share of answers that take much longer. */
  readonly slowShare: number;
  readonly slowMs: number;
  /** Share of 503. */
  readonly failShare: number;
}
