import type { Bus } from '../../src/bus/bus.ts';
import type { Log, Probes } from '../../src/controller/ports.ts';
import { compile } from '../../src/graph/compile.ts';
import type { Program } from '../../src/graph/program.ts';
import type { Json } from '../../src/expr/json.ts';
import type { Task } from '../../src/task/task.ts';
import { revisionChange, workflowChange } from '../store/samples.ts';
import { artifactBytes, type Behaviour, outcomeOf } from './behaviour.ts';
import { Checker } from './checker.ts';
import { Dice } from './dice.ts';
import { FakeClock, Timeline } from './fake-clock.ts';
import { LossyBus, LossyTransport } from './lossy-bus.ts';
import type { HandedFaults } from './handed-tasks.ts';
import type { TransportWeather } from './lossy-queue.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryStore } from './memory-store.ts';
import { checkEnd } from './final-checks.ts';
import { judge } from './judge.ts';
import { type People, playPeople } from './people.ts';
import { makeScenario, type PlannedFlow, type Scenario } from './scenario.ts';
import { BlindLedger, startSimulatedController } from './simulated-controller.ts';
import { Line, type SimulatedProcess, type LineWeather } from './simulated-process.ts';
import { SimulatedRunner } from './simulated-runner.ts';
import { plannedFiles, simulatedSource } from './simulated-source.ts';
import { type CrashPoint, SingleCrash } from './single-crash.ts';
import { Storm, type Trouble } from './storm.ts';

export interface SimulationOptions {
  /** Runs that people start; child runs come on top. Default: 5 to 30, by the seed. */
  readonly runs?: number;
  /** Calm, without anything changing, but for this one crash. */
  readonly crash?: CrashPoint;
  /** Faults to plant, for the test of the test. */
  readonly planted?: Planted;
}

export interface Planted {
  readonly isUnguarded?: boolean;
  readonly hasNoSweeps?: boolean;
  readonly hasNoCrashes?: boolean;
  readonly ledgerOf?: (store: MemoryStore, line: Line) => MemoryLedger;
  readonly busOf?: (bus: Bus) => Bus;
  readonly handed?: HandedFaults;
}

export interface Report {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly runs: number;
  readonly compared: number;
  readonly events: number;
  readonly simulatedMs: number;
  readonly crashes: number;
  /** Operations of the process that one crash was planned for. */
  readonly operations: number;
  /** Items of limited fan-outs that were started, and those above the limit. */
  readonly starts: number;
  readonly exceeded: number;
  /** Tasks that went straight to a runner, and those lost with one that were sent again. */
  readonly handed: number;
  readonly handedAgain: number;
  readonly facts: number;
  readonly executed: number;
  readonly executedAgain: number;
  readonly ends: Readonly<Record<string, number>>;
  /** Equal for equal histories: a seed gives the same one each time. */
  readonly trace: number;
}

const START = Date.UTC(2030, 0, 1);
/** After the storm the system has this long to bring every run to its end. */
const HEALING_MS = 30 * 60_000;
/** So long people act where all but one crash is well. */
const CRASH_MS = 3000;
/** Longest attempts when all is well again. */
const CALM_MS = 200;
/** And this long to take the last messages out of the queues. */
const DRAINING_MS = 5 * 60_000;
const MOST_EVENTS = 400_000;
/** Longest way to the store in a storm; what a sender may not know for so long is no fault. */
const SLOWEST_MS = 1500;

/** Plays one whole history, which the seed decides. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<Report> {
  const simulation = new Simulation(seed, options);
  return await simulation.play();
}

export class Simulation {
  readonly seed: number;
  readonly dice: Dice;
  readonly timeline: Timeline;
  readonly scenario: Scenario;
  readonly checker: Checker;
  readonly store: MemoryStore;
  readonly transport: LossyTransport;
  readonly lineWeather: LineWeather = { delayMs: 5, failBefore: 0, failAfter: 0 };
  readonly transportWeather: TransportWeather = { lose: 0, double: 0, delayMs: 5 };
  readonly stormMs: number;
  readonly planted: Planted;
  /** Whether what resume conditions ask for is there. */
  isProbeHealthy = true;
  readonly #options: SimulationOptions;
  readonly #programs = new Map<string, Program>();
  readonly #cacheRuns: number;
  readonly #recheckMs: number;
  readonly #longestMs: number;
  #isCalm = (): boolean => false;

  constructor(seed: number, options: SimulationOptions) {
    this.seed = seed;
    this.#options = options;
    this.planted = options.planted ?? {};
    this.dice = new Dice(seed);
    this.timeline = new Timeline(START, this.dice.fork());
    const stormMs = this.dice.between(10_000, 60_000);
    this.stormMs = options.crash === undefined ? stormMs : CRASH_MS;
    const runs = options.runs ?? this.dice.between(5, 30);
    this.scenario = makeScenario(this.dice.fork(), { runs, stormMs: this.stormMs });
    this.#cacheRuns = this.dice.pick([1, 3, 5000, 5000]);
    this.#recheckMs = this.dice.pick([10_000, 30_000]);
    this.#longestMs = this.dice.pick([50, 3000, 8000]);
    this.checker = new Checker({
      now: () => this.timeline.now,
      programOf: (versionId) => this.#programOf(versionId),
      slackMs: 2 * SLOWEST_MS,
      hasActivity: (entry) => this.store.hasActivity(entry),
      note: (label) => this.timeline.note(label),
    });
    this.store = new MemoryStore({
      watcher: this.checker,
      isGuarded: this.planted.isUnguarded !== true,
    });
    this.transport = new LossyTransport({
      timeline: this.timeline,
      dice: this.dice.fork(),
      weather: this.transportWeather,
      watcher: this.checker,
      isAware: this.dice.chance(0.5),
      faults: this.planted.handed ?? {},
    });
  }

  async play(): Promise<Report> {
    this.#register();
    const trouble = this.#trouble();
    this.#isCalm = () => trouble.isOver;
    trouble.begin();
    const people = playPeople(this);
    const isDone = () => trouble.isOver && people.isDone() && this.#isAllDone();
    const limits = { untilMs: START + this.stormMs + HEALING_MS, maxEvents: MOST_EVENTS };
    if (await this.timeline.run(isDone, limits)) await this.#drain();
    else this.#explainStuck(people);
    checkEnd(this);
    const compared = judge(this);
    return this.#report(trouble, compared);
  }

  #trouble(): Trouble {
    const { crash } = this.#options;
    return crash === undefined ? new Storm(this, SLOWEST_MS) : new SingleCrash(this, crash);
  }

  #register(): void {
    const workflows = this.scenario.first.map(({ name, graph, digest }) => {
      return workflowChange({ name, title: name, graph, digest });
    });
    this.store.applyRevision(revisionChange({ workflows, now: START }));
  }

  #programOf(versionId: string): Program {
    const known = this.#programs.get(versionId);
    if (known !== undefined) return known;
    const made = compile(this.store.loadVersions([versionId])[0]!.graph);
    this.#programs.set(versionId, made);
    return made;
  }

  /** The plan's version behind a stored one. */
  flowOf(versionId: string): PlannedFlow {
    const { digest } = this.store.catalog.version(versionId)!;
    return this.scenario.flows.find((flow) => flow.digest === digest)!;
  }

  #isAllDone(): boolean {
    const { checker, store, scenario } = this;
    if (checker.unfinished.size > 0 || store.requestCount > 0) return false;
    return scenario.sources.every(({ name, revisions }) => {
      return store.catalog.source(name)?.lastAppliedRevision === revisions.at(-1)?.id;
    });
  }

  /** Messages about what is over still lie about: each finds its way out. */
  async #drain(): Promise<void> {
    const untilMs = this.timeline.now + DRAINING_MS;
    const isEmpty = () => this.transport.isEmpty;
    await this.timeline.run(isEmpty, { untilMs, maxEvents: MOST_EVENTS });
  }

  #explainStuck(people: People): void {
    const afterMs = this.timeline.now - START;
    this.checker.broken(`after ${afterMs} ms and ${this.timeline.count} events not all is done`);
    if (!people.isDone()) this.checker.broken('people have not been heard');
    const queued = this.transport.tasks.keys;
    for (const id of [...this.checker.unfinished].slice(0, 5)) {
      const run = this.store.run(id)!;
      const tasks = queued.filter((key) => key.startsWith(id)).length;
      const { section, parked, resumeAt } = this.checker.shadows.get(id)!.state;
      const face = { status: run.status, wakeAt: run.wakeAt, tasks, section, parked, resumeAt };
      this.checker.broken(`${id} of ${run.workflow} is stuck: ${JSON.stringify(face)}`);
    }
    if (this.store.requestCount > 0) this.checker.broken('requests are left in the inbox');
  }

  #report(trouble: Trouble, compared: number): Report {
    const { facts, executed, executedAgain } = this.checker.counts;
    const { crashes, operations } = trouble;
    const ends: Record<string, number> = {};
    for (const { status } of this.store.runs) ends[status] = (ends[status] ?? 0) + 1;
    return {
      seed: this.seed,
      violations: this.checker.violations,
      runs: this.store.runs.length,
      compared,
      crashes,
      operations,
      facts,
      executed,
      executedAgain,
      ends,
      ...this.checker.parallel.counts,
      ...this.transport.handed.counts,
      events: this.timeline.count,
      simulatedMs: this.timeline.now - START,
      trace: this.timeline.trace,
    };
  }

  line(process: SimulatedProcess): Line {
    const { timeline, lineWeather } = this;
    return new Line({ timeline, dice: this.dice.fork(), weather: lineWeather, process });
  }

  bus(process: SimulatedProcess): Bus {
    const bus = new LossyBus({ transport: this.transport, line: this.line(process), process });
    return this.planted.busOf?.(bus) ?? bus;
  }

  clock(process: SimulatedProcess): FakeClock {
    return new FakeClock(this.timeline, process);
  }

  startController(process: SimulatedProcess): Promise<{ stop(): Promise<void> }> {
    const { planted, timeline, store } = this;
    const Reach = planted.hasNoSweeps === true ? BlindLedger : MemoryLedger;
    const line = this.line(process);
    const ledger = planted.ledgerOf?.(store, line) ?? new Reach(store, line);
    const sources = this.scenario.sources.map((plan) => {
      return simulatedSource({ plan, timeline, start: START, line: this.line(process) });
    });
    return startSimulatedController({
      ledger,
      sources,
      readers: () => plannedFiles,
      bus: this.bus(process),
      clock: this.clock(process),
      log: this.#log(),
      probes: this.#probes(process),
      cacheRuns: this.#cacheRuns,
      recheckMs: this.#recheckMs,
    });
  }

  async startRunner(process: SimulatedProcess): Promise<void> {
    const runner = new SimulatedRunner({
      bus: this.bus(process),
      clock: this.clock(process),
      dice: this.dice.fork(),
      process,
      outcomeOf: (task) => outcomeOf(...this.#behaviourOf(task), task),
      artifactOf: (task) => artifactBytes(...this.#behaviourOf(task), task),
      executing: (task) => this.checker.executing(task, process),
      executed: (task) => this.checker.parallel.ended(task, process),
      // Afterwards much that was left over has to be done by few.
      longestMs: () => (this.#isCalm() ? Math.min(this.#longestMs, CALM_MS) : this.#longestMs),
    });
    await runner.start();
  }

  #behaviourOf({ runId }: Task): [Behaviour, Json] {
    const { versionId, input } = this.store.run(runId)!;
    return [this.flowOf(versionId).behaviour, input];
  }

  /** Errors of the line are expected; one of the engine is a fault. */
  #log(): Log {
    const quiet = () => undefined;
    const error = (event: string, fields?: Readonly<Record<string, unknown>>) => {
      if (event !== 'run.advance_failed') return;
      const cause = fields?.['error'];
      this.checker.broken(
        `${event}: ${cause instanceof Error ? (cause.stack ?? cause.message) : String(cause)}`,
      );
    };
    return { debug: quiet, info: quiet, warn: quiet, error };
  }

  #probes(process: SimulatedProcess): Probes {
    const dice = this.dice.fork();
    const clock = this.clock(process);
    return {
      answers: async () => {
        await clock.sleep(dice.below(6000));
        return this.isProbeHealthy || dice.chance(0.5);
      },
      hasSecret: () => true,
    };
  }
}
