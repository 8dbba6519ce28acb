import { namedUuid } from '../../src/engine/hash.ts';
import { compile } from '../../src/graph/compile.ts';
import type { Graph } from '../../src/graph/graph.ts';
import type { NewRun } from '../../src/record/run.ts';
import { NO_ITEM, type Task, taskId } from '../../src/task/task.ts';
import { revisionChange, workflowChange } from '../store/samples.ts';
import { Checker } from './checker.ts';
import { Dice } from './dice.ts';
import { FakeClock, Timeline } from './fake-clock.ts';
import type { HandedFaults } from './handed-tasks.ts';
import { LossyBus, LossyTransport } from './lossy-bus.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryStore } from './memory-store.ts';
import { startSimulatedController } from './simulated-controller.ts';
import { Line, SimulatedProcess } from './simulated-process.ts';
import { SimulatedRunner } from './simulated-runner.ts';

const START = Date.UTC(2030, 0, 1);

/** Nothing takes longer here that somebody may not know of yet. */
const SLACK_MS = 100;

export interface CalmWorldOptions {
  readonly faults?: HandedFaults;
  /** Every write and every message is watched; all workflows must compile. */
  readonly isChecked?: boolean;
}

/** A calm world in which a test makes one thing go wrong. */
export class CalmWorld {
  readonly #dice = new Dice(1);
  readonly timeline = new Timeline(START, this.#dice);
  readonly checker = new Checker({
    now: () => this.timeline.now,
    programOf: (versionId) => compile(this.store.loadVersions([versionId])[0]!.graph),
    slackMs: SLACK_MS,
    hasActivity: () => true,
    note: () => undefined,
  });
  readonly store: MemoryStore;
  readonly #lineWeather = { delayMs: 2, failBefore: 0, failAfter: 0 };
  readonly transport: LossyTransport;
  readonly logged: string[] = [];
  /** Attempts that began, without their run's id. */
  readonly began: string[] = [];
  /** Tasks that were told to stop. */
  readonly heard: string[] = [];
  probeMs = 0;
  stepMs = 0;
  #runners = 0;

  constructor(graphs: Readonly<Record<string, Graph>>, options: CalmWorldOptions = {}) {
    const { faults = {}, isChecked = false } = options;
    const { checker } = this;
    this.store = new MemoryStore(isChecked ? { watcher: checker } : {});
    const unwatched = {
      published: () => 0,
      acknowledged: () => 0,
      taken: () => 0,
      kept: () => 0,
    };
    this.transport = new LossyTransport({
      timeline: this.timeline,
      dice: this.#dice,
      weather: { lose: 0, double: 0, delayMs: 2 },
      isAware: false,
      watcher: isChecked ? checker : unwatched,
      faults,
    });
    const workflows = Object.entries(graphs).map(([name, graph]) => {
      return workflowChange({ name, graph, digest: name });
    });
    this.store.applyRevision(revisionChange({ workflows }));
  }

  run(workflow: string): string {
    const id = namedUuid(`${workflow} ${this.store.runs.length}`);
    const run: NewRun = {
      id,
      namespace: 'default',
      workflow,
      versionId: namedUuid(`default/${workflow}@1`),
      input: {},
      labels: {},
      cause: { kind: 'test', name: '' },
      createdBy: '',
      createdAt: this.timeline.now,
      idempotencyKey: null,
      parent: null,
    };
    this.store.createRuns([run]);
    return id;
  }

  ledger(process: SimulatedProcess): MemoryLedger {
    return new MemoryLedger(this.store, this.#line(process));
  }

  #line(process: SimulatedProcess): Line {
    const { timeline } = this;
    return new Line({ timeline, dice: this.#dice, weather: this.#lineWeather, process });
  }

  #bus(process: SimulatedProcess): LossyBus {
    return new LossyBus({ transport: this.transport, line: this.#line(process), process });
  }

  controller(change: { ledger?: MemoryLedger } = {}): SimulatedProcess {
    const process = new SimulatedProcess('controller');
    const clock = new FakeClock(this.timeline, process);
    const quiet = () => undefined;
    const ledger = change.ledger ?? this.ledger(process);
    const answers = () => clock.sleep(this.probeMs).then(() => true);
    void startSimulatedController({
      ledger,
      clock,
      bus: this.#bus(process),
      log: { debug: quiet, info: quiet, warn: quiet, error: (event) => this.logged.push(event) },
      probes: { answers, hasSecret: () => true },
      cacheRuns: 100,
      recheckMs: 30_000,
    });
    return process;
  }

  /** The first `failures` attempts of each step fail in a way worth retrying. */
  runner(failures = 0): SimulatedProcess {
    this.#runners += 1;
    const process = new SimulatedProcess(`runner-${this.#runners}`);
    this.#bus(process).onSignal('cancel', ({ tasks }) => this.heard.push(...tasks));
    const error = { class: 'retryable', code: 'transient', message: 'not yet' } as const;
    const runner = new SimulatedRunner({
      bus: this.#bus(process),
      clock: new FakeClock(this.timeline, process),
      process,
      dice: this.#dice,
      longestMs: () => this.stepMs,
      executing: (task) => this.#begins(task, process),
      executed: (task) => this.checker.parallel.ended(task, process),
      outcomeOf: ({ attempt }) =>
        attempt <= failures ? { kind: 'failed', error } : { kind: 'completed', output: null },
    });
    void runner.start();
    return process;
  }

  #begins(task: Task, process: SimulatedProcess): void {
    const { id, runId } = task;
    this.began.push(id.slice(id.indexOf('.') + 1));
    if (this.checker.shadows.has(runId)) this.checker.executing(task, process);
  }

  /** The first step's checkpoints of these runs, stored in the transport. */
  async storeEnds(runs: readonly string[]): Promise<void> {
    const times = { startedAt: this.timeline.now, finishedAt: this.timeline.now, runner: '' };
    const numbers = { step: 0, item: NO_ITEM, attempt: 1 };
    const outcome = { kind: 'completed', output: null } as const;
    const ends = runs.map((runId) => {
      return { taskId: taskId(runId, numbers), runId, ...numbers, outcome, ...times };
    });
    const storing = this.#bus(new SimulatedProcess('runner')).publishCheckpoints(ends);
    await this.pass(10);
    await storing;
  }

  /** Plays until the run has ended; false when that takes over five minutes or too many events. */
  ends(id: string, maxEvents = 20_000): Promise<boolean> {
    return this.until(() => this.store.run(id)!.finishedAt !== null, maxEvents);
  }

  pass(ms: number): Promise<boolean> {
    const end = this.timeline.now + ms;
    return this.until(() => this.timeline.now >= end);
  }

  until(isDone: () => boolean, maxEvents = 20_000): Promise<boolean> {
    return this.timeline.run(isDone, { untilMs: this.timeline.now + 300_000, maxEvents });
  }
}
