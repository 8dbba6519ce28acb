import type { ActivityEntry } from '../task/task.ts';
import type { RunnerLog } from './runner-log.ts';

export interface ActivityStreamOptions {
  readonly publish: (entries: readonly ActivityEntry[]) => Promise<void>;
  readonly log: RunnerLog;
  readonly flushMs?: number;
  readonly batchSize?: number;
  /** Entries held while the transport is slow or away; what comes then is counted and dropped. */
  readonly maxBuffered?: number;
  /** How long to leave the transport alone after a failure. */
  readonly retryMs?: number;
}

/** Names the attempt whose lines were dropped. */
type Writer = Pick<ActivityEntry, 'runId' | 'step' | 'item' | 'attempt'>;

/** Carries lines for people in batches. Writing never waits: a step must not slow down by logging. */
export class ActivityStream {
  private readonly options: Required<ActivityStreamOptions>;
  private buffer: ActivityEntry[] = [];
  private readonly dropped = new Map<string, { writer: Writer; lines: number }>();
  private timer: NodeJS.Timeout | undefined;
  private flushing: Promise<void> | null = null;
  private failing = false;

  constructor(options: ActivityStreamOptions) {
    this.options = { flushMs: 50, batchSize: 100, maxBuffered: 5_000, retryMs: 1_000, ...options };
  }

  write(entry: ActivityEntry): void {
    if (this.buffer.length >= this.options.maxBuffered) {
      this.drop(entry);
      return;
    }
    this.buffer.push(entry);
    if (this.buffer.length >= this.options.batchSize && !this.failing) void this.flush();
    else this.flushLater();
  }

  /** Sends what is buffered; resolves when that was tried once. Never rejects. */
  flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.flushing ??= this.sendAll().finally(() => {
      this.flushing = null;
      // Written while the last batch was on its way, and too few to have asked for a flush.
      if (this.buffer.length > 0) this.flushLater();
    });
    return this.flushing;
  }

  private flushLater(): void {
    const delayMs = this.failing ? this.options.retryMs : this.options.flushMs;
    this.timer ??= setTimeout(() => void this.flush(), delayMs);
  }

  private async sendAll(): Promise<void> {
    do {
      const batch = this.buffer;
      this.buffer = [];
      batch.push(...this.takeDropNotes());
      if (batch.length === 0) return;
      try {
        await this.options.publish(batch);
        this.failing = false;
      } catch (error) {
        // Lines are worth less than the step: kept for the next flush as far as there is room.
        this.options.log.warn('activity.publish_failed', { error, entries: batch.length });
        const room = Math.max(0, this.options.maxBuffered - this.buffer.length);
        for (const entry of batch.slice(room)) this.drop(entry);
        this.buffer = [...batch.slice(0, room), ...this.buffer];
        this.failing = true;
        return;
      }
    } while (this.buffer.length >= this.options.batchSize);
  }

  private drop(entry: ActivityEntry): void {
    const key = `${entry.runId}.${entry.step}.${entry.item}.${entry.attempt}`;
    const counted = this.dropped.get(key);
    if (counted === undefined) this.dropped.set(key, { writer: entry, lines: 1 });
    else counted.lines += 1;
  }

  private takeDropNotes(): ActivityEntry[] {
    if (this.dropped.size === 0) return [];
    const notes = [...this.dropped.values()].map(({ writer, lines }): ActivityEntry => {
      const { runId, step, item, attempt } = writer;
      const message = `dropped ${lines} lines: the step wrote faster than they could be carried`;
      return { runId, step, item, attempt, at: Date.now(), level: 'warn', message };
    });
    this.dropped.clear();
    return notes;
  }
}
