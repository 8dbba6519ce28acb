import type { ApiContext } from '../../src/api/api-context.ts';
import type { Signals } from '../../src/api/ports.ts';
import { startRun } from '../../src/api/services/execute.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { namedUuid } from '../../src/engine/hash.ts';
import { revisionChange, workflowChange } from '../store/samples.ts';
import type { Dice } from './dice.ts';
import { MemoryLedger } from './memory-ledger.ts';
import type { PlannedFlow, PlannedRequest, PlannedRun } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import { SimulatedProcess } from './simulated-process.ts';

export interface People {
  /** By the plan's index: the run that came of it. */
  readonly runIds: Map<number, string>;
  isDone(): boolean;
}

/** Starts runs as the API does and sends requests through the ports, until it is heard. */
export function playPeople(simulation: Simulation): People {
  const { timeline, scenario } = simulation;
  const runIds = new Map<number, string>();
  const waiting = new Set<SimulatedProcess>();
  const act = (plan: { atMs: number; label: string; canDie?: boolean }, work: Work) => {
    const dice = simulation.dice.fork();
    const process = new SimulatedProcess(`caller-${waiting.size}`);
    const caller = new Caller({ simulation, process, dice, runIds });
    waiting.add(process);
    const end = () => waiting.delete(process);
    // Who dies in the middle of a call is not waited for; others want the same.
    if (plan.canDie === true) process.dieBefore(dice.below(5), end);
    timeline.after(plan.atMs, plan.label, () => void work(caller).then(end));
  };
  scenario.runs.forEach((run, index) => {
    for (let copy = 0; copy < run.callers; copy += 1) {
      const plan = { atMs: run.atMs + copy * 7, label: 'a run is wanted', canDie: copy > 0 };
      act(plan, (caller) => caller.start(run, index));
    }
    run.requests.forEach((request, number) => {
      const plan = { atMs: request.atMs, label: 'a person asks' };
      act(plan, (caller) => caller.ask(request, { index, number }));
    });
  });
  for (const { atMs, flow } of scenario.replacements) {
    act({ atMs, label: 'a workflow is replaced' }, (caller) => caller.replace(flow));
  }
  return { runIds, isDone: () => waiting.size === 0 };
}

type Work = (caller: Caller) => Promise<void>;

interface CallerParts {
  readonly simulation: Simulation;
  readonly process: SimulatedProcess;
  readonly dice: Dice;
  readonly runIds: Map<number, string>;
}

/** A process of the API that serves one call. */
class Caller {
  readonly #parts: CallerParts;
  readonly #ledger: MemoryLedger;
  readonly #bus: Bus;

  constructor(parts: CallerParts) {
    const { simulation, process } = parts;
    this.#parts = parts;
    this.#ledger = new MemoryLedger(simulation.store, simulation.line(process));
    this.#bus = simulation.bus(process);
  }

  /** Whoever asks with the same key gets the same run. */
  async start(run: PlannedRun, index: number): Promise<void> {
    const { simulation, runIds } = this.#parts;
    const { id } = await this.#untilHeard(() => this.#startOnce(run, index));
    const known = runIds.get(index);
    if (known !== undefined && known !== id) {
      simulation.checker.broken(`two runs for one idempotency key: ${known}, ${id}`);
    }
    runIds.set(index, id);
  }

  async #startOnce({ workflow, input }: PlannedRun, index: number) {
    const [found] = await this.#ledger.findWorkflows([{ namespace: 'default', name: workflow }]);
    if (found === undefined) throw new Error(`there is no workflow ${workflow}`);
    const [version] = await this.#ledger.loadVersions([found.versionId]);
    if (version === undefined) throw new Error(`there is no version ${found.versionId}`);
    const cause = { kind: 'api', name: 'people' } as const;
    const asked = { version, input, labels: {}, by: 'people', cause };
    return await startRun(this.#api(), { ...asked, idempotencyKey: `run-${index}` });
  }

  /** As much of the API as starting a run takes. */
  #api(): ApiContext {
    const { simulation, process, dice } = this.#parts;
    const clock = simulation.clock(process);
    const nudge: Signals['nudge'] = (runIds, created = []) =>
      this.#bus.broadcast({ kind: 'nudge', runIds, created });
    const api = {
      library: this.#ledger,
      signals: { nudge },
      now: () => clock.now(),
      newRunId: () => namedUuid(`${simulation.seed} ${dice.next()}`),
    };
    return api as unknown as ApiContext;
  }

  async ask(request: PlannedRequest, place: { index: number; number: number }): Promise<void> {
    const { simulation, process, runIds } = this.#parts;
    const clock = simulation.clock(process);
    while (!runIds.has(place.index)) await clock.sleep(5);
    const runId = runIds.get(place.index)!;
    const id = `${request.body.kind}-${place.index}-${place.number}`;
    const body = this.#fitting(request.body, runId);
    const asked = { id, runId, createdAt: clock.now(), by: 'people', body };
    await this.#untilHeard(() => this.#ledger.addRequest(asked));
    this.#bus.broadcast({ kind: 'nudge', runIds: [runId] });
  }

  /** The API refuses steps that the run's own version does not have. */
  #fitting(body: PlannedRequest['body'], runId: string): PlannedRequest['body'] {
    const { simulation } = this.#parts;
    if (body.kind !== 'retry' || body.fromStep === null) return body;
    const { program } = simulation.flowOf(simulation.store.run(runId)!.versionId);
    return program.indexOf.has(body.fromStep) ? body : { ...body, fromStep: null };
  }

  async replace({ name, graph, digest }: PlannedFlow): Promise<void> {
    const now = this.#parts.simulation.timeline.now;
    const workflows = [workflowChange({ name, title: name, graph, digest })];
    await this.#untilHeard(() => this.#ledger.applyRevision(revisionChange({ workflows, now })));
  }

  async #untilHeard<T>(call: () => Promise<T>): Promise<T> {
    const clock = this.#parts.simulation.clock(this.#parts.process);
    for (;;) {
      try {
        return await call();
      } catch {
        // The line broke: the same call again, which is the same wish.
        await clock.sleep(500);
      }
    }
  }
}
