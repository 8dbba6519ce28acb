import fc from 'fast-check';
import { compile } from '../../src/graph/compile.ts';
import type { Graph, Step } from '../../src/graph/graph.ts';
import type { JsonObject } from '../../src/expr/json.ts';
import type { RunRequest } from '../../src/record/run.ts';
import { randomGraph } from '../engine/random-graph.ts';
import type { Dice } from './dice.ts';
import type { Flow } from './oracle.ts';

export interface PlannedFlow extends Flow {
  readonly graph: Graph;
  /** Its end does not depend on when things happen, so the oracle knows it. */
  readonly isTimeless: boolean;
}

export interface PlannedRun {
  readonly flow: PlannedFlow;
  readonly input: JsonObject;
  readonly atMs: number;
  readonly requests: readonly PlannedRequest[];
  /** The same run asked for this many times, by its idempotency key. */
  readonly copies: number;
}

export interface PlannedRequest {
  readonly atMs: number;
  readonly body: RunRequest['body'];
}

export interface Scenario {
  readonly flows: readonly PlannedFlow[];
  readonly runs: readonly PlannedRun[];
}

/** Which workflows there are, which runs of them, and what people do to these. */
export function makeScenario(dice: Dice, options: { runs: number; stormMs: number }): Scenario {
  const graphs = fc.sample(randomGraph, { seed: dice.below(2 ** 31), numRuns: dice.between(2, 5) });
  const flows: PlannedFlow[] = [];
  for (const [index, graph] of graphs.entries())
    flows.push(makeFlow(dice, { graph, index, flows }));
  const runs = Array.from({ length: options.runs }, () => makeRun(dice, flows, options.stormMs));
  return { flows, runs };
}

function makeFlow(
  dice: Dice,
  parts: { graph: Graph; index: number; flows: readonly PlannedFlow[] },
): PlannedFlow {
  const { graph, index, flows } = parts;
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
  const retryable = dice.pick([0, 0, 20, 50]);
  const hard = dice.pick([0, 0, 0, 5, 20]);
  const behaviour = { retryable, hard, seed: dice.below(1e6) };
  return { name: `flow-${index}`, graph: made, program: compile(made), behaviour, isTimeless };
}

function isTimelessChild(step: Step, flows: readonly PlannedFlow[]): boolean {
  const child = flows.find(({ name }) => name === step.config['workflow']);
  return child === undefined || child.isTimeless;
}

/** Some plain steps become child runs, of earlier workflows only: so there is no circle. */
function varied(dice: Dice, step: Step, flows: readonly PlannedFlow[]): Step {
  if (step.type !== 'noop' || !dice.chance(0.15)) return step;
  const workflow = dice.chance(0.05) || flows.length === 0 ? 'nowhere' : dice.pick(flows).name;
  const input = makeInput(dice);
  return { ...step, type: 'workflow', config: { workflow, input } };
}

function makeInput(dice: Dice): JsonObject {
  return { flag: dice.chance(0.5), kind: dice.pick(['a', 'b', 'c']), salt: dice.below(1000) };
}

function makeRun(dice: Dice, flows: readonly PlannedFlow[], stormMs: number): PlannedRun {
  const flow = dice.pick(flows);
  const count = dice.chance(0.35) ? dice.between(1, 3) : 0;
  const atMs = dice.below(stormMs / 2);
  const requests = Array.from({ length: count }, () => {
    // Often at once: a run that is cancelled before anybody has looked at it.
    const lag = dice.chance(0.2) ? 0 : dice.below(stormMs);
    return { atMs: atMs + lag, body: requestBody(dice, flow) };
  });
  const copies = dice.chance(0.1) ? dice.between(2, 3) : 1;
  return { flow, input: makeInput(dice), atMs, requests, copies };
}

function requestBody(dice: Dice, { graph }: PlannedFlow): RunRequest['body'] {
  if (dice.chance(0.4)) return { kind: 'cancel', reason: 'a person said so' };
  const main = graph.steps.filter(({ section }) => section === 'main');
  const fromStep = dice.chance(0.5) ? null : dice.pick(main).id;
  if (dice.chance(0.7)) return { kind: 'retry', fromStep };
  return { kind: 'retry', fromStep, input: makeInput(dice) };
}
