import type { Delivery } from '../bus/bus.ts';
import { HardError } from '../nodes/errors.ts';
import type { Entity, NodeSettings, StepContext } from '../nodes/node-type.ts';
import type { ActivityEntry, ActivityLevel, Task } from '../task/task.ts';
import { storableText } from './check-output.ts';
import type { Redactor } from './redact.ts';
import { type StopCause, stopReason } from './terminate.ts';

const MAX_LINE_LENGTH = 8_192;
/** Lines of one attempt, with its progress and stats: all of them are stored, and stay. */
export const MAX_LINES = 10_000;
const LEFT_OUT = {
  level: 'warn',
  message:
    `This attempt wrote ${MAX_LINES} lines, the limit: the rest is left out. ` +
    'Log less, or store an artifact.',
} as const;

type Line = Omit<ActivityEntry, 'runId' | 'step' | 'item' | 'attempt' | 'at'>;

/** What every attempt of a runner shares. */
export interface AttemptServices {
  readonly settings: NodeSettings;
  readonly now: () => number;
  readonly write: (entry: ActivityEntry) => void;
  readonly readFile: (digest: string) => Promise<Uint8Array>;
  readonly loadBlob: (digest: string) => Promise<Uint8Array>;
  readonly storeBlob: (bytes: Uint8Array) => Promise<string>;
}

/** One attempt from take to report; it is the context that its handler sees. */
export class Attempt implements StepContext {
  readonly task: Task;
  readonly settings: NodeSettings;
  /** Epoch ms. */
  readonly startedAt: number;
  /** On the monotonic clock, ms. */
  readonly deadline: number;
  lastBeat: number;
  redactor: Redactor;
  /** Why it is being stopped, once it is. */
  cause: StopCause | null = null;
  stoppedAt = Infinity;
  /** Its outcome is decided; only the report is still to be stored. */
  finished = false;
  private readonly services: AttemptServices;
  /** More than one when the transport delivered the task again while it was under way. */
  private readonly deliveries: Delivery<Task>[];
  /** Made when the handler first asks: most never do, and it costs more than all else here. */
  private abort: AbortController | null = null;
  private lines = 0;

  constructor(delivery: Delivery<Task>, services: AttemptServices, redactor: Redactor) {
    this.task = delivery.message;
    this.settings = services.settings;
    this.services = services;
    this.deliveries = [delivery];
    this.redactor = redactor;
    this.startedAt = services.now();
    this.lastBeat = performance.now();
    this.deadline = this.lastBeat + this.task.timeoutMs;
  }

  get signal(): AbortSignal {
    if (this.abort === null) {
      this.abort = new AbortController();
      if (this.cause !== null) this.abort.abort(stopReason(this.cause, this.task));
    }
    return this.abort.signal;
  }

  get timeoutMs(): number {
    // Whole, as timers and AbortSignal.timeout want it.
    return Math.max(0, Math.ceil(this.deadline - performance.now()));
  }

  log(level: ActivityLevel, message: string, entity?: Entity): void {
    this.write({ ...entity, level, message });
  }

  progress(fraction: number, message = ''): void {
    const progress = Number.isFinite(fraction) ? Math.min(1, Math.max(0, fraction)) : 0;
    this.write({ level: 'info', message, progress });
  }

  stats(values: { readonly [name: string]: number }): void {
    const finite = Object.entries(values).filter(([, value]) => Number.isFinite(value));
    this.write({ level: 'info', message: '', stats: Object.fromEntries(finite) });
  }

  readFile(path: string): Promise<Uint8Array> {
    const digest = Object.hasOwn(this.task.files, path) ? this.task.files[path] : undefined;
    if (digest !== undefined) return this.services.readFile(digest);
    const known = Object.keys(this.task.files).join(', ') || 'none';
    return Promise.reject(
      new HardError(
        'invalid_input',
        `file ${path} is not part of this workflow version; its files: ${known}`,
      ),
    );
  }

  loadBlob(digest: string): Promise<Uint8Array> {
    return this.services.loadBlob(digest);
  }

  storeBlob(bytes: Uint8Array): Promise<string> {
    return this.services.storeBlob(this.redactor.bytes(bytes));
  }

  /** Asks the handler to stop. The first cause wins. */
  stop(cause: StopCause): void {
    if (this.cause !== null || this.finished) return;
    this.cause = cause;
    this.stoppedAt = performance.now();
    this.abort?.abort(stopReason(cause, this.task));
  }

  /** The same task, delivered once more: it is settled together with the first delivery. */
  adopt(delivery: Delivery<Task>): void {
    this.deliveries.push(delivery);
  }

  beat(at: number): void {
    this.lastBeat = at;
    for (const delivery of this.deliveries) delivery.working();
  }

  makeRoom(): void {
    for (const delivery of this.deliveries) delivery.makeRoom();
  }

  ack(): void {
    for (const delivery of this.deliveries) delivery.ack();
  }

  release(): void {
    for (const delivery of this.deliveries) delivery.release();
  }

  private write(line: Line): void {
    // After the outcome is decided an abandoned handler may still talk; nobody asked it to.
    if (this.finished || this.lines > MAX_LINES) return;
    this.lines += 1;
    this.send(this.lines > MAX_LINES ? LEFT_OUT : line);
  }

  private send(line: Line): void {
    const { runId, step, item, attempt } = this.task;
    const message = storableText(this.redactor.text(line.message).slice(0, MAX_LINE_LENGTH));
    const at = this.services.now();
    this.services.write({ ...line, ...this.entity(line), runId, step, item, attempt, at, message });
  }

  private entity(line: Entity): Entity {
    const safe: { -readonly [K in keyof Entity]: Entity[K] } = {};
    for (const key of ['entityTag', 'entityRoute', 'entityId', 'entityType'] as const) {
      const text = line[key];
      if (text !== undefined) safe[key] = storableText(this.redactor.text(text));
    }
    return safe;
  }
}
