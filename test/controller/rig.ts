import { randomUUID } from 'node:crypto';
import { createInProcessBus } from '../../src/bus/in-process-bus.ts';
import type { Bus } from '../../src/bus/bus.ts';
import { startController } from '../../src/controller/controller.ts';
import type { Ledger, Log } from '../../src/controller/ports.ts';
import { systemClock } from '../../src/controller/system-clock.ts';
import type { Json } from '../../src/expr/json.ts';
import { build } from '../../src/graph/build.ts';
import { ManifestReader } from '../../src/manifest/manifest-reader.ts';
import type { StepSpec, WorkflowSpec } from '../../src/graph/spec.ts';
import { HardError, RetryableError } from '../../src/nodes/errors.ts';
import type { NodeType } from '../../src/nodes/node-type.ts';
import { nodeTypes } from '../../src/nodes/registry.ts';
import { isFinal } from '../../src/record/run.ts';
import type { RunRecord } from '../../src/record/run.ts';
import { type Runner, startRunner } from '../../src/runner/runner.ts';
import { sha256 } from '../../src/main/start-controller.ts';
import { blobsOf, openStore, type Store } from '../../src/store/open-store.ts';
import { newRunId } from '../../src/store/uuid.ts';
import { freshDatabase } from '../services/postgres.ts';
import { revisionChange, workflowChange } from '../store/samples.ts';
import { until } from '../services/until.ts';

export const quiet: Log = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: (event, fields) => console.error(event, fields),
};

/** What the `act` node type does with its config; tests put behaviours here by name. */
export type Behaviours = Record<
  string,
  (context: Parameters<NonNullable<NodeType['execute']>>[0], config: Json) => Promise<Json> | Json
>;

function actType(behaviours: Behaviours): NodeType {
  return {
    type: 'act',
    title: 'Act',
    description: 'A step of a test.',
    configSchema: { type: 'object' },
    runsIn: 'runner',
    timeoutMs: 60_000,
    execute: async (context, config) => {
      const { do: name = 'nothing' } = (config ?? {}) as { do?: string };
      return (await behaviours[name]?.(context, config)) ?? null;
    },
  };
}

/** A whole backbone in this process: real Postgres, in-process bus, controllers and runners. */
export class Rig {
  readonly store: Store;
  readonly bus: Bus;
  readonly behaviours: Behaviours = {
    nothing: () => null,
    flaky: (context) => {
      if (context.task.attempt < 3) throw new RetryableError('transient', 'not yet');
      return 'at last';
    },
    broken: () => {
      throw new HardError('code', 'it cannot work');
    },
  };
  readonly #connect: () => Promise<Bus>;
  readonly #buses: Bus[] = [];
  readonly #parts: { stop(): Promise<void> }[] = [];
  readonly #types: ReadonlyMap<string, NodeType>;

  private constructor(store: Store, bus: Bus, connect: () => Promise<Bus>) {
    this.store = store;
    this.bus = bus;
    this.#connect = connect;
    this.#types = new Map([...nodeTypes, ['act', actType(this.behaviours)]]);
  }

  /** Without `connect` all share one bus within the process; with it, each has its own. */
  static async start(
    options: { connect?: () => Promise<Bus>; controllers?: number; runners?: number } = {},
  ): Promise<Rig> {
    const bus = (await options.connect?.()) ?? createInProcessBus();
    const connect = options.connect ?? (() => Promise.resolve(bus));
    const rig = new Rig(await openStore(await freshDatabase()), bus, connect);
    for (let i = 0; i < (options.controllers ?? 1); i += 1) await rig.addController();
    for (let i = 0; i < (options.runners ?? 1); i += 1) await rig.addRunner();
    return rig;
  }

  get ledger(): Ledger {
    return this.store.ledger;
  }

  async #open(): Promise<Bus> {
    const bus = await this.#connect();
    this.#buses.push(bus);
    return bus;
  }

  async addController(): Promise<{ stop(): Promise<void> }> {
    const controller = await startController({
      ledger: this.store.ledger,
      blobs: blobsOf(this.store.library),
      bus: await this.#open(),
      clock: systemClock,
      log: quiet,
      probes: { answers: () => Promise.resolve(true), hasSecret: () => true },
      sources: [],
      readers: () => new ManifestReader({ nodeTypes: this.#types, digest: sha256 }),
      recheckMs: 1000,
    });
    this.#parts.unshift(controller);
    return controller;
  }

  async addRunner(): Promise<Runner> {
    const runner = await startRunner({
      bus: await this.#open(),
      nodeTypes: this.#types,
      queues: ['default'],
      concurrency: 50,
      settings: {
        httpAllow: [],
        selfUrl: '',
        llmBaseUrl: '',
        llmApiKey: '',
        llmModel: '',
        allowSubprocess: false,
      },
      secrets: () => undefined,
      id: `runner-${randomUUID().slice(0, 8)}`,
    });
    this.#parts.push(runner);
    return runner;
  }

  /** Registers a workflow; its steps may be of type `act`. */
  async register(name: string, spec: WorkflowSpec | readonly StepSpec[]): Promise<void> {
    const full = 'length' in spec ? { steps: spec } : spec;
    const { graph, problems } = build(full, { nodeTypes: traits(this.#types), files: {} });
    if (graph === null) throw new Error(JSON.stringify(problems));
    const change = workflowChange({ name, graph, digest: randomUUID() });
    await this.ledger.applyRevision(revisionChange({ workflows: [change] }));
  }

  async startRun(workflow: string, input: Json = {}): Promise<string> {
    const [found] = await this.ledger.findWorkflows([{ namespace: 'default', name: workflow }]);
    if (found === undefined) throw new Error(`no workflow ${workflow}`);
    const id = newRunId(Date.now());
    const created = await this.ledger.createRuns([
      {
        id,
        namespace: 'default',
        workflow,
        versionId: found.versionId,
        input,
        labels: {},
        cause: { kind: 'test', name: '' },
        createdBy: 'test',
        createdAt: Date.now(),
        idempotencyKey: null,
        parent: null,
      },
    ]);
    this.bus.broadcast({ kind: 'nudge', runIds: [id], created });
    return id;
  }

  async run(id: string): Promise<RunRecord> {
    const [loaded] = await this.ledger.loadRuns([id]);
    if (loaded === undefined) throw new Error(`no run ${id}`);
    return loaded.run;
  }

  async status(id: string, wanted: RunRecord['status']): Promise<RunRecord> {
    return await until(`run ${id} is ${wanted}`, async () => {
      const run = await this.run(id);
      if (isFinal(run.status) && run.status !== wanted) {
        throw new Error(`it is ${run.status}: ${JSON.stringify(run.error)}`);
      }
      return run.status === wanted ? run : undefined;
    });
  }

  async request(runId: string, body: Parameters<Ledger['addRequest']>[0]['body']): Promise<void> {
    const request = { id: randomUUID(), runId, createdAt: Date.now(), by: 'test', body };
    await this.ledger.addRequest(request);
    this.bus.broadcast({ kind: 'nudge', runIds: [runId] });
  }

  async stop(): Promise<void> {
    for (const part of this.#parts) await part.stop();
    for (const bus of new Set([...this.#buses, this.bus])) await bus.close();
    await this.store.close();
  }
}

function traits(types: ReadonlyMap<string, NodeType>) {
  return new Map(
    [...types].map(([name, { runsIn, timeoutMs, fileKeys = [], verbatimKeys = [] }]) => [
      name,
      { runsIn, timeoutMs, fileKeys, verbatimKeys },
    ]),
  );
}
