import type { Bus, Consumer, Delivery } from '../bus/bus.ts';
import { RetryableError } from '../nodes/errors.ts';
import type { NodeSettings, NodeType } from '../nodes/node-type.ts';
import type { Outcome, Task } from '../task/task.ts';
import { loadArtifact, storeArtifact } from './artifacts.ts';
import { Attempt, type AttemptServices } from './attempt.ts';
import { ConfigCheck } from './check-config.ts';
import { checkOutput } from './check-output.ts';
import { classify } from './classify.ts';
import { FileCache } from './file-cache.ts';
import { completeConfig, findNodeType } from './prepare.ts';
import { type Redactor, redactorFor } from './redact.ts';
import { Reporter } from './report.ts';
import { type RunnerLog, silentLog } from './runner-log.ts';
import type { SecretLookup } from './secrets.ts';
import { ActivityStream } from './stream.ts';
import { runnerLost, stoppedOutcome } from './terminate.ts';
import { Unrecorded } from './unrecorded.ts';

export interface RunnerOptions {
  readonly bus: Bus;
  readonly nodeTypes: ReadonlyMap<string, NodeType>;
  readonly queues: readonly string[];
  /** Attempts at a time. */
  readonly concurrency: number;
  readonly settings: NodeSettings;
  readonly secrets: SecretLookup;
  /** Names this runner in checkpoints. */
  readonly id: string;
  readonly log?: RunnerLog;
  /** Epoch ms; a clock of its own for tests. */
  readonly now?: () => number;
  readonly limits?: Partial<RunnerLimits>;
}

export interface RunnerLimits {
  /** Silence after which the bus gives a task to another runner. Default 4 s. */
  readonly leaseMs: number;
  /** Default 1 s. */
  readonly heartbeatMs: number;
  /** Time for a handler to end after its abort signal, before it is abandoned. Default 500 ms. */
  readonly graceMs: number;
  /** Deliveries of one task before it is believed to kill its runners. Default 5. */
  readonly maxDeliveries: number;
  /** Largest output of a step, as JSON text. Default 32 MiB. */
  readonly maxOutputBytes: number;
  /** Memory for workflow files. Default 64 MiB. */
  readonly fileCacheBytes: number;
}

const DEFAULT_LIMITS: RunnerLimits = {
  leaseMs: 4_000,
  heartbeatMs: 1_000,
  graceMs: 500,
  maxDeliveries: 5,
  maxOutputBytes: 32 * 1024 * 1024,
  fileCacheBytes: 64 * 1024 * 1024,
};

/** Resolution of timeouts, heartbeats and grace periods: one timer serves all attempts. */
const TICK_MS = 50;

export interface Runner {
  /** Attempts that are under way or being reported. */
  readonly active: number;
  /** Takes nothing more, lets what runs finish for so long, and gives the rest to other runners. */
  drain(timeoutMs: number): Promise<void>;
  /** The same without waiting. */
  stop(): Promise<void>;
}

/** Starts taking tasks from these queues. Rejects when the bus cannot be consumed. */
export async function startRunner(options: RunnerOptions): Promise<Runner> {
  const runner = new TaskRunner(options);
  await runner.start();
  return runner;
}

class TaskRunner implements Runner {
  private readonly options: RunnerOptions;
  private readonly limits: RunnerLimits;
  private readonly log: RunnerLog;
  private readonly attempts = new Map<string, Attempt>();
  private readonly unrecorded: Unrecorded;
  private readonly configs = new ConfigCheck();
  private readonly reporter: Reporter;
  private readonly stream: ActivityStream;
  private readonly services: AttemptServices;
  private readonly redactor: Redactor;
  private consumers: Consumer[] = [];
  private ticker: NodeJS.Timeout | undefined;
  private idle: (() => void) | null = null;
  private draining: Promise<void> | null = null;

  constructor(options: RunnerOptions) {
    const { bus, settings } = options;
    this.options = options;
    this.unrecorded = new Unrecorded(options.concurrency);
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.log = options.log ?? silentLog;
    const files = new FileCache({
      fetch: (digest) => fetchFile(bus, digest),
      maxBytes: this.limits.fileCacheBytes,
    });
    this.stream = new ActivityStream({
      publish: (entries) => bus.publishActivity(entries),
      log: this.log,
    });
    this.reporter = new Reporter({
      publish: (checkpoints) => bus.reportCheckpoints(checkpoints),
      done: (attempt) => this.done(attempt),
      log: this.log,
    });
    this.redactor = redactorFor([settings.llmApiKey]);
    this.services = {
      settings,
      now: options.now ?? Date.now,
      write: (entry) => this.stream.write(entry),
      readFile: (digest) => files.read(digest),
      loadBlob: (digest) => loadArtifact(bus, digest),
      storeBlob: (bytes) => storeArtifact(bus, bytes),
    };
  }

  get active(): number {
    return this.attempts.size;
  }

  async start(): Promise<void> {
    const { bus, queues, concurrency } = this.options;
    this.consumers.push(
      bus.onSignal('cancel', ({ runId, tasks }) => this.cancel(runId, new Set(tasks))),
    );
    const { leaseMs } = this.limits;
    const consume = { queues, maxInFlight: concurrency, leaseMs };
    this.consumers.push(await bus.consumeTasks(consume, (delivery) => this.take(delivery)));
  }

  drain(timeoutMs: number): Promise<void> {
    this.draining ??= this.shutDown(timeoutMs);
    return this.draining;
  }

  stop(): Promise<void> {
    return this.drain(0);
  }

  private take(delivery: Delivery<Task>): void {
    const task = delivery.message;
    const underWay = this.attempts.get(task.id);
    if (underWay !== undefined) {
      underWay.adopt(delivery);
      return;
    }
    if (this.draining !== null) {
      delivery.release();
      return;
    }
    const attempt = new Attempt(delivery, this.services, this.redactor);
    this.attempts.set(task.id, attempt);
    this.ticker ??= setInterval(() => this.tick(), TICK_MS);
    if (delivery.deliveries > this.limits.maxDeliveries) {
      this.finish(attempt, runnerLost(task, delivery.deliveries));
    } else this.execute(attempt);
  }

  private execute(attempt: Attempt): void {
    let work: Promise<unknown>;
    try {
      work = this.begin(attempt);
    } catch (error) {
      this.failed(attempt, error);
      return;
    }
    work.then(
      (output) => this.returned(attempt, output),
      (error: unknown) => this.failed(attempt, error),
    );
  }

  private begin(attempt: Attempt): Promise<unknown> {
    const { task } = attempt;
    const nodeType = findNodeType(this.options.nodeTypes, task);
    let { config } = task;
    if (task.deferred.length > 0) {
      const { settings, secrets } = this.options;
      const prepared = completeConfig(task, secrets);
      config = prepared.config;
      attempt.redactor = redactorFor([...prepared.secrets, settings.llmApiKey]);
    }
    this.configs.check(nodeType, config);
    return nodeType.execute(attempt, config);
  }

  private returned(attempt: Attempt, output: unknown): void {
    if (attempt.finished) return;
    if (attempt.cause === 'cancelled' || attempt.cause === 'timeout') {
      this.ended(attempt, false);
      return;
    }
    try {
      const checked = checkOutput(output, this.limits.maxOutputBytes);
      const redacted = attempt.redactor.json(checked.output);
      this.finish(attempt, { kind: 'completed', output: redacted }, checked.bytes);
    } catch (error) {
      this.failed(attempt, error);
    }
  }

  private failed(attempt: Attempt, error: unknown): void {
    if (attempt.finished) return;
    // An error after an abort is its echo: the cause says more.
    if (attempt.cause !== null) this.ended(attempt, false);
    else this.finish(attempt, { kind: 'failed', error: classify(error, attempt.redactor) });
  }

  /** A stopped attempt is over: by itself within the grace period, or abandoned after it. */
  private ended(attempt: Attempt, abandoned: boolean): void {
    if (attempt.cause === null) return;
    if (abandoned) {
      const { id, type, stepId } = attempt.task;
      const fields = { taskId: id, type, stepId, cause: attempt.cause };
      this.log.warn('attempt.abandoned', fields);
    }
    const outcome = stoppedOutcome(attempt.cause, attempt.task, abandoned);
    if (outcome === null) this.giveBack(attempt);
    else this.finish(attempt, outcome);
  }

  private finish(attempt: Attempt, outcome: Outcome, bytes = 0): void {
    attempt.finished = true;
    if (this.unrecorded.add(attempt, bytes)) attempt.makeRoom();
    const { task, startedAt } = attempt;
    this.reporter.add(attempt, {
      taskId: task.id,
      runId: task.runId,
      step: task.step,
      item: task.item,
      attempt: task.attempt,
      outcome,
      startedAt,
      finishedAt: this.services.now(),
      runner: this.options.id,
    });
  }

  private done(attempt: Attempt): void {
    attempt.ack();
    this.forget(attempt);
  }

  private giveBack(attempt: Attempt): void {
    attempt.finished = true;
    attempt.release();
    this.forget(attempt);
  }

  private forget(attempt: Attempt): void {
    this.unrecorded.remove(attempt);
    if (this.attempts.get(attempt.task.id) === attempt) this.attempts.delete(attempt.task.id);
    if (this.attempts.size === 0) this.idle?.();
  }

  private cancel(runId: string, tasks: ReadonlySet<string>): void {
    for (const attempt of this.attempts.values()) {
      if (attempt.task.runId !== runId) continue;
      if (tasks.size === 0 || tasks.has(attempt.task.id)) attempt.stop('cancelled');
    }
  }

  private tick(): void {
    if (this.attempts.size === 0) {
      clearInterval(this.ticker);
      this.ticker = undefined;
      return;
    }
    const now = performance.now();
    const { heartbeatMs, graceMs } = this.limits;
    for (const attempt of this.attempts.values()) {
      if (now - attempt.lastBeat >= heartbeatMs) attempt.beat(now);
      if (attempt.finished) continue;
      if (now >= attempt.deadline) attempt.stop('timeout');
      if (now - attempt.stoppedAt >= graceMs) this.ended(attempt, true);
    }
  }

  private async shutDown(timeoutMs: number): Promise<void> {
    const [cancels, ...takers] = this.consumers;
    await Promise.all(takers.map((consumer) => consumer.stop()));
    if (!(await this.idleWithin(timeoutMs))) {
      this.log.info('runner.drain_timed_out', { releasing: this.attempts.size });
      for (const attempt of this.attempts.values()) attempt.stop('shutdown');
      // Handlers get the usual grace, and one more tick for the timer that ends it.
      if (!(await this.idleWithin(this.limits.graceMs + 4 * TICK_MS))) {
        // Only reports that the transport does not take: their attempts are made again elsewhere.
        for (const attempt of this.attempts.values()) this.giveBack(attempt);
      }
    }
    this.reporter.close();
    await Promise.all([this.stream.flush(), cancels?.stop()]);
    clearInterval(this.ticker);
    this.ticker = undefined;
  }

  private idleWithin(timeoutMs: number): Promise<boolean> {
    if (this.attempts.size === 0) return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = setTimeout(() => {
        this.idle = null;
        resolve(false);
      }, timeoutMs);
      this.idle = () => {
        clearTimeout(timer);
        this.idle = null;
        resolve(true);
      };
    });
  }
}

/** A controller that cannot be reached now may be in a moment. */
async function fetchFile(bus: Bus, digest: string): Promise<Uint8Array> {
  try {
    return await bus.getBlob(digest);
  } catch (error) {
    const message = `a file of the workflow could not be fetched: ${String(error)}`;
    throw new RetryableError('transient', message, { cause: error });
  }
}
