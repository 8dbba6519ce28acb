import fc from 'fast-check';
import type { JsonObject } from '../../src/expr/json.ts';
import { compile } from '../../src/graph/compile.ts';
import type { Graph, Step } from '../../src/graph/graph.ts';
import type { Program } from '../../src/graph/program.ts';
import type { RunRequest } from '../../src/record/run.ts';
import { randomGraph } from '../engine/random-graph.ts';
import type { Dice } from './dice.ts';
import type { Told } from './foretell.ts';
import { makeDeclarations, type PlannedSource } from './planned-source.ts';
import { randomInput } from './random-input.ts';

/** One version of a workflow. */
export interface PlannedFlow extends Told {
  readonly name: string;
  /** Of the version: its name and number here. */
  readonly digest: string;
  readonly program: Program;
  /** Its end does not depend on when things happen, so the oracle knows it. */
  readonly isTimeless: boolean;
  /** How many runs one of it makes, its children among them. */
  readonly weight: number;
}

export interface PlannedRun {
  readonly workflow: string;
  readonly input: JsonObject;
  readonly atMs: number;
  readonly requests: readonly PlannedRequest[];
  /** The same run asked for by this many callers, with one idempotency key. */
  readonly callers: number;
}

export interface PlannedRequest {
  readonly atMs: number;
  readonly body: RunRequest['body'];
}

/** A workflow gets its next version through the API. */
export interface Replacement {
  readonly atMs: number;
  readonly flow: PlannedFlow;
}

export interface Scenario {
  /** Every version of every workflow. */
  readonly flows: readonly PlannedFlow[];
  /** Those that are there from the start. */
  readonly first: readonly PlannedFlow[];
  readonly replacements: readonly Replacement[];
  readonly runs: readonly PlannedRun[];
  readonly sources: readonly PlannedSource[];
  /** The only version of a workflow; null when there is none. */
  flowNamed(name: string): PlannedFlow | null;
}

export interface ScenarioOptions {
  readonly runs: number;
  readonly stormMs: number;
}

/** Which workflows there are, which runs of them, and what people do to these. */
export function makeScenario(dice: Dice, options: ScenarioOptions): Scenario {
  const { runs: count, stormMs } = options;
  const replaced = dice.pick([0, 1, 2]);
  const declared = dice.pick([0, 2, 3]);
  const total = dice.between(2, 5) + replaced + declared;
  const graphs = fc.sample(randomGraph, { seed: dice.below(2 ** 31), numRuns: total });
  const flows: PlannedFlow[] = [];
  for (const [index, graph] of graphs.entries()) {
    // The first ones are replaced, by ones that come later; the last ones are a source's to declare.
    const version = index >= total - declared ? 'declared' : index < replaced ? 'changing' : 'only';
    flows.push(makeFlow(dice, { graph, name: `flow-${index}`, flows, version }));
  }
  const first = flows.slice(0, total - declared);
  const replacements = first.slice(0, replaced).map((flow, index): Replacement => {
    const next = makeFlow(dice, {
      graph: graphs[total - 1 - index] ?? flow.graph,
      // Of earlier workflows only, here too.
      name: flow.name,
      flows: first.slice(0, index),
      version: 'changing',
    });
    return { atMs: dice.below(stormMs), flow: { ...next, digest: `${flow.name}/2` } };
  });
  const sources = declared === 0 ? [] : makeDeclarations(dice, flows.slice(-declared), stormMs);
  const runs = Array.from({ length: count }, () => makeRun(dice, first, options));
  return {
    flows: [...flows, ...replacements.map(({ flow }) => flow)],
    first,
    replacements,
    runs,
    sources,
    flowNamed: (name) => flows.find((flow) => flow.name === name) ?? null,
  };
}

interface FlowParts {
  readonly graph: Graph;
  readonly name: string;
  /** What it may start as children: so there is no circle. */
  readonly flows: readonly PlannedFlow[];
  readonly version: 'only' | 'changing' | 'declared';
}

function makeFlow(dice: Dice, parts: FlowParts): PlannedFlow {
  const { graph, name, version } = parts;
  // A child that is replaced or pruned meanwhile ends one way or the other.
  const flows = parts.flows.filter((flow) => {
    return !flow.digest.endsWith('declared') && flow.weight <= MOST_RUNS;
  });
  const isPatient = dice.chance(0.75);
  const resume = {
    everyMs: 10_000,
    maxAttempts: isPatient ? 1000 : graph.resume.maxAttempts,
    when: dice.chance(0.3) ? [{ http: 'http://probe.test/' }] : [],
  };
  const steps = graph.steps.map((step) => varied(dice, step, flows));
  const timeoutMs = isPatient ? null : graph.timeoutMs;
  const made: Graph = { ...graph, steps, resume, timeoutMs };
  const children = steps.filter(({ type }) => type === 'workflow');
  const isTimeless = isPatient && children.every((step) => isTimelessChild(step, flows));
  const behaviour = {
    retryable: dice.pick([0, 0, 20, 50]),
    hard: dice.pick([0, 0, 0, 5, 20]),
    artifacts: dice.pick([0, 0, 20]),
    seed: dice.below(1e6),
  };
  const digest = `${name}/1 ${version}`;
  const weight = weightOf(children, flows);
  return { name, digest, graph: made, program: compile(made), behaviour, isTimeless, weight };
}

/** Of a child: each generation may be many times the one before. */
const MOST_RUNS = 6;
const MOST_ITEMS = 4;

function weightOf(children: readonly Step[], flows: readonly PlannedFlow[]): number {
  const weights = children.map(({ config, forEach }) => {
    const child = flows.find(({ name }) => name === config['workflow']);
    return (forEach === null ? 1 : MOST_ITEMS) * (child?.weight ?? 0);
  });
  return weights.reduce((sum, weight) => sum + weight, 1);
}

function isTimelessChild(step: Step, flows: readonly PlannedFlow[]): boolean {
  const child = flows.find(({ name }) => name === step.config['workflow']);
  return child === undefined || (child.isTimeless && child.digest.endsWith('only'));
}

/** Some plain steps become child runs, of earlier workflows only; a few fan out widely. */
function varied(dice: Dice, step: Step, flows: readonly PlannedFlow[]): Step {
  if (step.type !== 'noop') return step;
  if (dice.chance(0.15)) {
    const workflow = dice.chance(0.05) || flows.length === 0 ? 'nowhere' : dice.pick(flows).name;
    return { ...step, type: 'workflow', config: { workflow, input: randomInput(dice) } };
  }
  if (!dice.chance(0.004)) return step;
  const forEach = `{{ range(${dice.between(50, 200)}) }}`;
  return { ...step, forEach, maxParallel: dice.pick([null, 7, 40]) };
}

function makeRun(
  dice: Dice,
  flows: readonly PlannedFlow[],
  { stormMs }: ScenarioOptions,
): PlannedRun {
  const flow = dice.pick(flows);
  const count = dice.chance(0.35) ? dice.between(1, 3) : 0;
  const atMs = dice.below(stormMs / 2);
  const requests = Array.from({ length: count }, () => {
    // Often at once: a run that is cancelled before anybody has looked at it.
    const lag = dice.chance(0.2) ? 0 : dice.below(stormMs);
    return { atMs: atMs + lag, body: requestBody(dice, flow) };
  });
  const callers = dice.chance(0.2) ? dice.between(2, 3) : 1;
  return { workflow: flow.name, input: randomInput(dice), atMs, requests, callers };
}

function requestBody(dice: Dice, { graph }: PlannedFlow): RunRequest['body'] {
  if (dice.chance(0.4)) return { kind: 'cancel', reason: 'a person said so' };
  const main = graph.steps.filter(({ section }) => section === 'main');
  const fromStep = dice.chance(0.5) ? null : dice.pick(main).id;
  if (dice.chance(0.7)) return { kind: 'retry', fromStep };
  return { kind: 'retry', fromStep, input: randomInput(dice) };
}
