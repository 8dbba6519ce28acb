import type { Checkpoint, Outcome } from '../task/task.ts';
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

/** Bursts on their way at once. One alone would wait for the ledger's commits one after another. */
const MAX_BURSTS = 4;

/**
 * Publishes checkpoints in bursts: what finishes while all that may be are on their way makes the
 * next one. A task is acknowledged only when its checkpoint is safe; until then the runner goes
 * on holding its lease, so a transport that is away for long costs time, never a second attempt.
 */
export class Reporter {
  private readonly options: ReportOptions;
  private waiting: Report[] = [];
  /** Failed in a burst: sent alone from then on, so that one bad report holds up no other. */
  private failed: Report[] = [];
  /** Safe, and not told yet. */
  private safe: Attempt[] = [];
  private bursts = 0;
  private scheduled = false;
  private backOffMs = FIRST_BACK_OFF_MS;
  private retryTimer: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(options: ReportOptions) {
    this.options = options;
  }

  add(attempt: Attempt, checkpoint: Checkpoint): void {
    this.waiting.push({ attempt, checkpoint });
    this.schedule();
  }

  /**
   * Everything that ends in this turn of the event loop goes along in the burst, and with it, in
   * one packet, the acknowledgements of what has become safe.
   */
  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    setImmediate(() => {
      this.scheduled = false;
      for (const attempt of this.safe.splice(0)) this.options.done(attempt);
      if (this.bursts < MAX_BURSTS) void this.send();
    });
  }

  /** Gives up what is not stored yet. */
  close(): void {
    this.closed = true;
    clearTimeout(this.retryTimer);
  }

  private async send(): Promise<void> {
    this.bursts += 1;
    while (this.waiting.length > 0 && !this.closed) {
      const burst = this.waiting;
      this.waiting = [];
      await this.publish(burst);
    }
    this.bursts -= 1;
  }

  private async publish(burst: readonly Report[]): Promise<void> {
    try {
      await this.options.publish(burst.map((report) => report.checkpoint));
    } catch (error) {
      this.retryLater(burst, error);
      return;
    }
    this.backOffMs = FIRST_BACK_OFF_MS;
    for (const { attempt } of burst) this.safe.push(attempt);
    this.schedule();
  }

  private retryLater(burst: readonly Report[], error: unknown): void {
    const alone = burst.length === 1;
    // The bus is a type only here, so its error is known by its name.
    const tooLarge = error instanceof Error && error.name === 'MessageTooLargeError';
    this.failed.push(...(alone && tooLarge ? burst.map(withoutOutput) : burst));
    if (this.retryTimer !== undefined || this.closed) return;
    const retryMs = this.backOffMs;
    this.options.log.warn('report.publish_failed', { error, waiting: burst.length, retryMs });
    this.backOffMs = Math.min(MAX_BACK_OFF_MS, retryMs * 2);
    this.retryTimer = setTimeout(() => {
      this.retryTimer = undefined;
      const again = this.failed;
      this.failed = [];
      for (const report of again) void this.publish([report]);
    }, retryMs);
  }
}

/** What the bus can never carry must not be sent for ever: the attempt ends as a failure. */
function withoutOutput({ attempt, checkpoint }: Report): Report {
  const outcome: Outcome = {
    kind: 'failed',
    error: {
      class: 'hard',
      code: 'limit',
      message:
        'the output is larger than the bus carries: write large data to a file or a store of ' +
        'your own and return a reference',
    },
  };
  return { attempt, checkpoint: { ...checkpoint, outcome } };
}
