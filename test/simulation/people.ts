import type { Bus } from '../../src/bus/bus.ts';
import { namedUuid } from '../../src/engine/hash.ts';
import type { NewRun } from '../../src/record/run.ts';
import { MemoryLedger } from './memory-ledger.ts';
import type { PlannedRequest, PlannedRun } from './scenario.ts';
import type { Simulation } from './simulation.ts';
import { SimulatedProcess } from './simulated-process.ts';

export interface People {
  /** By the plan's index: the run that came of it. */
  readonly runIds: Map<number, string>;
  isDone(): boolean;
}

/** Starts runs and sends requests through the ports, as the API does, until it is heard. */
export function playPeople(simulation: Simulation): People {
  const { timeline, scenario } = simulation;
  const process = new SimulatedProcess('people');
  const ledger = new MemoryLedger(simulation.store, simulation.line(process));
  const parts = {
    simulation,
    ledger,
    bus: simulation.bus(process),
    runIds: new Map<number, string>(),
  };
  let open = 0;
  const act = (atMs: number, label: string, work: () => Promise<void>) => {
    open += 1;
    timeline.after(atMs, label, () => void work().then(() => (open -= 1)));
  };
  scenario.runs.forEach((run, index) => {
    for (let copy = 0; copy < run.copies; copy += 1) {
      act(run.atMs + copy * 7, 'a run is wanted', () => createRun(parts, run, { index, copy }));
    }
    run.requests.forEach((request, number) => {
      act(request.atMs, 'a person asks', () => ask(parts, request, { index, number }));
    });
  });
  return { runIds: parts.runIds, isDone: () => open === 0 };
}

interface Parts {
  readonly simulation: Simulation;
  readonly ledger: MemoryLedger;
  readonly bus: Bus;
  readonly runIds: Map<number, string>;
}

async function createRun(
  parts: Parts,
  run: PlannedRun,
  place: { index: number; copy: number },
): Promise<void> {
  const { simulation, ledger, bus, runIds } = parts;
  const wanted: NewRun = {
    id: namedUuid(`${simulation.seed}/${place.index}/${place.copy}`),
    namespace: 'default',
    workflow: run.flow.name,
    versionId: namedUuid(`default/${run.flow.name}@1`),
    input: run.input,
    labels: {},
    cause: { kind: 'api', name: 'people' },
    createdBy: 'people',
    createdAt: simulation.timeline.now,
    idempotencyKey: `run-${place.index}`,
    parent: null,
  };
  const [created] = await untilHeard(simulation, () => ledger.createRuns([wanted]));
  const id = created!.id;
  const known = runIds.get(place.index);
  if (known !== undefined && known !== id) {
    simulation.checker.broken(`two runs for one idempotency key: ${known}, ${id}`);
  }
  runIds.set(place.index, id);
  bus.broadcast({ kind: 'nudge', runIds: [id] });
}

async function ask(
  parts: Parts,
  request: PlannedRequest,
  place: { index: number; number: number },
): Promise<void> {
  const { simulation, ledger, bus, runIds } = parts;
  const clock = simulation.clock(new SimulatedProcess('people'));
  while (!runIds.has(place.index)) await clock.sleep(5);
  const runId = runIds.get(place.index)!;
  const id = `${request.body.kind}-${place.index}-${place.number}`;
  const body = { id, runId, createdAt: clock.now(), by: 'people', body: request.body };
  await untilHeard(simulation, () => ledger.addRequest(body));
  bus.broadcast({ kind: 'nudge', runIds: [runId] });
}

async function untilHeard<T>(simulation: Simulation, call: () => Promise<T>): Promise<T> {
  const clock = simulation.clock(new SimulatedProcess('people'));
  for (;;) {
    try {
      return await call();
    } catch {
      // The line broke: the same call again, which is the same wish.
      await clock.sleep(500);
    }
  }
}
