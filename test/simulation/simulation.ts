import type { Bus } from '../../src/bus/bus.ts';
import type { Log, Probes } from '../../src/controller/ports.ts';
import { namedUuid } from '../../src/engine/hash.ts';
import { revisionChange, workflowChange } from '../store/samples.ts';
import { Checker } from './checker.ts';
import { Dice } from './dice.ts';
import { FakeClock, Timeline } from './fake-clock.ts';
import { LossyBus, LossyTransport } from './lossy-bus.ts';
import type { TransportWeather } from './lossy-queue.ts';
import { MemoryLedger } from './memory-ledger.ts';
import { MemoryStore } from './memory-store.ts';
import { Oracle } from './oracle.ts';
import { judge } from './judge.ts';
import { playPeople } from './people.ts';
import { makeScenario, type Scenario } from './scenario.ts';
import { BlindLedger, startSimulatedController } from './simulated-controller.ts';
import { Line, type SimulatedProcess, type LineWeather } from './simulated-process.ts';
import { SimulatedRunner } from './simulated-runner.ts';
import { Storm } from './storm.ts';

export interface SimulationOptions {
  /** Runs that people start; child runs come on top. Default: 5 to 30, by the seed. */
  readonly runs?: number;
  /** Faults to plant, for the test of the test. */
  readonly planted?: Planted;
}

export interface Planted {
  readonly isUnguarded?: boolean;
  readonly hasNoSweeps?: boolean;
  readonly busOf?: (bus: Bus) => Bus;
}

export interface Report {
  readonly seed: number;
  readonly violations: readonly string[];
  readonly runs: number;
  readonly compared: number;
  readonly events: number;
  readonly simulatedMs: number;
  readonly crashes: number;
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
  readonly oracle: Oracle;
  readonly lineWeather: LineWeather = { delayMs: 5, failBefore: 0, failAfter: 0 };
  readonly transportWeather: TransportWeather = { lose: 0, double: 0, delayMs: 5 };
  readonly stormMs: number;
  readonly planted: Planted;
  /** Whether what resume conditions ask for is there. */
  isProbeHealthy = true;
  readonly #cacheRuns: number;
  readonly #recheckMs: number;
  readonly #longestMs: number;

  constructor(seed: number, options: SimulationOptions) {
    this.seed = seed;
    this.planted = options.planted ?? {};
    this.dice = new Dice(seed);
    this.timeline = new Timeline(START, this.dice.fork());
    this.stormMs = this.dice.between(10_000, 60_000);
    const runs = options.runs ?? this.dice.between(5, 30);
    this.scenario = makeScenario(this.dice.fork(), { runs, stormMs: this.stormMs });
    this.oracle = new Oracle(this.scenario.flows);
    this.#cacheRuns = this.dice.pick([1, 3, 5000, 5000]);
    this.#recheckMs = this.dice.pick([10_000, 30_000]);
    this.#longestMs = this.dice.pick([50, 3000, 8000]);
    const programs = new Map(
      this.scenario.flows.map((flow) => [namedUuid(`default/${flow.name}@1`), flow.program]),
    );
    const programOf = (versionId: string) => programs.get(versionId)!;
    this.checker = new Checker({
      now: () => this.timeline.now,
      programOf,
      slackMs: 2 * SLOWEST_MS,
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
    });
  }

  async play(): Promise<Report> {
    this.#register();
    const storm = new Storm(this, SLOWEST_MS);
    storm.begin();
    const people = playPeople(this);
    const isDone = () => storm.isOver && people.isDone() && this.#isAllDone();
    const untilMs = START + this.stormMs + HEALING_MS;
    const hasEnded = await this.timeline.run(isDone, { untilMs, maxEvents: MOST_EVENTS });
    if (!hasEnded) this.#explainStuck(people.isDone());
    this.checker.conclude(this.store.runs);
    const compared = judge(this, people.runIds);
    return this.#report(storm.crashes, compared);
  }

  #register(): void {
    const workflows = this.scenario.flows.map(({ name, graph }) => {
      return workflowChange({ name, title: name, graph, digest: name });
    });
    this.store.applyRevision(revisionChange({ workflows, now: START }));
  }

  #isAllDone(): boolean {
    return this.checker.unfinished.size === 0 && this.store.requestCount === 0;
  }

  #explainStuck(arePeopleDone: boolean): void {
    const afterMs = this.timeline.now - START;
    this.checker.broken(`after ${afterMs} ms and ${this.timeline.count} events not all is done`);
    if (!arePeopleDone) this.checker.broken('people have not been heard');
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

  #report(crashes: number, compared: number): Report {
    const { facts, executed, executedAgain } = this.checker.counts;
    const ends: Record<string, number> = {};
    for (const { status } of this.store.runs) ends[status] = (ends[status] ?? 0) + 1;
    return {
      ...{ seed: this.seed, violations: this.checker.violations, runs: this.store.runs.length },
      ...{ compared, crashes, facts, executed, executedAgain, ends },
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
    const Reach = this.planted.hasNoSweeps === true ? BlindLedger : MemoryLedger;
    return startSimulatedController({
      ledger: new Reach(this.store, this.line(process)),
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
      outcomeOf: (task) => this.oracle.outcome(task, this.store.run(task.runId)!.input),
      executing: (task) => this.checker.executing(task),
      longestMs: this.#longestMs,
    });
    await runner.start();
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
