import type { Checkpoint } from '../task/task.ts';
import type { Attempt } from './attempt.ts';
import type { RunnerLog } from './runner-log.ts';

const FIRST_BACK_OFF_MS = 100;
const MAX_BACK_OFF_MS = 5_000;

export interface ReportOptions {
  readonly publish: (checkpoints: readonly Checkpoint[]) => Promise<void>;
  /** The attempt's checkpoint is stored. */
  readonly done: (attempt: Attempt) => void;
  readonly log: RunnerLog;
}

interface Report {
  readonly attempt: Attempt;
  readonly checkpoint: Checkpoint;
}

/**
 * Publishes checkpoints, one burst at a time: what finishes while a burst is on its way makes the
 * next one. A task is acknowledged only when its checkpoint is stored; until then the runner goes
 * on holding its lease, so a transport that is away for long costs time, never a second attempt.
 */
export class Reporter {
  private readonly options: ReportOptions;
  private waiting: Report[] = [];
  private sending = false;
  private backOffMs = FIRST_BACK_OFF_MS;
  private retryTimer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: ReportOptions) {
    this.options = options;
  }

  add(attempt: Attempt, checkpoint: Checkpoint): void {
    this.waiting.push({ attempt, checkpoint });
    if (this.waiting.length === 1 && !this.sending && this.retryTimer === undefined) {
      // Everything that ends in this turn of the event loop goes along in the burst.
      setImmediate(() => void this.send());
    }
  }

  /** Gives up what is not stored yet. */
  close(): void {
    this.closed = true;
    clearTimeout(this.retryTimer);
  }

  private async send(): Promise<void> {
    if (this.sending || this.closed) return;
    this.sending = true;
    while (this.waiting.length > 0 && !this.closed) {
      const burst = this.waiting;
      this.waiting = [];
      try {
        await this.options.publish(burst.map((report) => report.checkpoint));
        this.backOffMs = FIRST_BACK_OFF_MS;
      } catch (error) {
        this.retry(burst, error);
        break;
      }
      for (const { attempt } of burst) this.options.done(attempt);
    }
    this.sending = false;
  }

  private retry(burst: readonly Report[], error: unknown): void {
    this.waiting = [...burst, ...this.waiting];
    const retryMs = this.backOffMs;
    this.options.log.warn('report.publish_failed', { error, waiting: burst.length, retryMs });
    this.backOffMs = Math.min(MAX_BACK_OFF_MS, retryMs * 2);
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      void this.send();
    }, retryMs);
  }
}
